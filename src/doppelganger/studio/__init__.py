"""The Studio: the doppelgänger made in a browser, by a server that is safe to put in front of strangers.

`app.create_app` puts it together. The server process holds no network and decodes no stranger's picture: a worker process makes
(`foreman` here, `worker` there), a looking process decodes and looks (`looking` here, `looker` there).
"""
