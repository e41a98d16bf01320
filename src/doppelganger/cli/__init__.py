"""The command ``doppelganger``: a thin face on the library, one small module a command."""
