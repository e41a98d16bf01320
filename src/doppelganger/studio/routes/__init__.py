"""The API and the page, by topic. Routes hold no logic: they ask the Studio's parts and answer in `schema`'s words."""
