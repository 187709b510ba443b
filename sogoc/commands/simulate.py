"""sogoc simulate: other systems, simulated, to try settings against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sogoc.commands.shared import group
from sogoc.language import example, t

if TYPE_CHECKING:
    from samples.simulators.faults import Simulated

Port = Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help=t("Cổng; 0: tự chọn.", "Port; 0: any free one."))]


def register(app: Any) -> None:
    family = group(app, "simulate", t("Hệ thống mô phỏng để thử kết nối; không dùng cho hồ sơ thật.",
                                      "Simulated systems to try connections with; not for real dossiers."))
    family.command("ministry", help=t("Phần mềm hộ tịch của Bộ, mô phỏng. Tài khoản: sogoc / bi-mat.",
                                      "The Ministry's software, simulated. Account: sogoc / bi-mat."),
                   epilog=example("sogoc simulate ministry --port 9001"))(ministry)
    family.command("population", help=t("CSDL quốc gia về dân cư, mô phỏng, với dữ liệu từ một tệp CSV.",
                                        "The national population database, simulated, with the people of a CSV file."),
                   epilog=example("sogoc simulate population --people samples/population.csv --port 9002"))(population)


def ministry(port: Port = 9001) -> None:
    from samples.simulators.ministry import Ministry

    _serve(Ministry(), port, "")


def population(
    people: Annotated[Path | None, typer.Option(metavar="FILE.csv", exists=True, dir_okay=False,
                                                help=t("Tệp dân cư; bỏ trống: tệp mẫu.", "The people; else the sample file."))] = None,
    port: Port = 9002,
) -> None:
    from importlib import resources

    from samples.simulators.population import Population

    _serve(Population.of_file(people or Path(str(resources.files("samples") / "population.csv"))), port, "/soap")


def _serve(system: Simulated, port: int, path: str) -> None:
    from samples.simulators.faults import FAULTS, Server
    from sogoc.serving import check_port

    check_port("127.0.0.1", port)
    server = Server(system, port)
    typer.echo(t(f"{server.url}{path} (Ctrl-C để dừng)", f"{server.url}{path} (Ctrl-C stops it)"))
    typer.echo(t(f"Gây lỗi lần gọi tới: POST {server.url}/_simulate", f"Make the next call fail: POST {server.url}/_simulate")
               + ' {"faults": ["cut-after"]}  ' + " ".join(FAULTS))
    server.serve()
