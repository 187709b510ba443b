"""What a civil-status record is: register kinds, form generations, names, dates, places, personal numbers, rules.

Knows nothing of images, databases or the web.
"""
