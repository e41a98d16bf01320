"""The tables of the database, one file each: rows as values, and the questions that are asked of them."""
