"""The call in the browser: a page on this machine, its camera frames in, the avatar's frames back."""
