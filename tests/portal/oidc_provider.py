"""A real OpenID Connect provider (canaille) in a process of its own: `python oidc_provider.py PORT FOLDER REDIRECT LOGGED_OUT`.

It has two people, one of them in a group, and the portal as a client. Serves until it is stopped.
"""
from __future__ import annotations

import logging
import os
import sys

PASSWORD = "con-đường-lụa-88"
CLIENT, SECRET = "sogoc", "secret-of-the-portal"


def serve(port: int, folder: str, redirect: str, logged_out: str) -> None:
    os.environ["CANAILLE_CONFIG"] = f"{folder}/none.toml"
    from canaille import create_app
    from canaille.app import models
    from canaille.backends import Backend
    from joserfc.jwk import RSAKey
    from werkzeug.serving import make_server

    key = {k: str(v) for k, v in RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True).items()}
    app = create_app({
        "SECRET_KEY": "x" * 32, "SERVER_NAME": f"127.0.0.1:{port}", "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {"CAPTCHA_ENABLED": False, "LOGGING": {"version": 1}},
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [key]},
        "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{folder}/canaille.db"},
    })
    with app.app_context(), Backend.instance.session():
        people = {}
        for name, given in (("hoa.le", "Hoa"), ("binh.tran", "Bình")):
            people[name] = models.User(user_name=name, family_name="Thử", given_name=given, formatted_name=f"{given} Thử",
                                       emails=[f"{name}@{'quangngai.gov.vn' if given == 'Hoa' else 'example.com'}"], password=PASSWORD)
            Backend.instance.save(people[name])
        Backend.instance.save(models.Group(display_name="xa-21139", members=[people["hoa.le"]]))
        client = models.Client(
            client_id=CLIENT, client_name="Sổ Gốc", client_secret=SECRET, client_uri=redirect.rpartition("/login")[0],
            redirect_uris=[redirect], post_logout_redirect_uris=[logged_out], grant_types=["authorization_code"], response_types=["code"],
            scope=["openid", "profile", "email", "groups"], token_endpoint_auth_method="client_secret_basic", contacts=[])
        client.audience = [client]
        Backend.instance.save(client)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", port, app, threaded=True)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4])
