"""Who may come in, from where, how often and with how much: one ASGI middleware for each, none of which holds a stream back.

In the order in which a request meets them: `headers`, `mistakes`, `hosts`, `origins`, `rates` (address), `visits`, `rates`
(person), `bodies`.
"""
