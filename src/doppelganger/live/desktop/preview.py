"""A window with the avatar as others see it, the person's own picture beside it, and the keys of the call. By Tk."""

import sys
from typing import Any

from doppelganger.errors import CameraError
from doppelganger.images import RGB
from doppelganger.live.actions import Action, action_of
from doppelganger.live.session import Session
from doppelganger.video.layout import beside

TITLE = "Doppelgänger"
_DARK = "#181818"
_INSTALL = {"linux": "install the package python3-tk", "darwin": "install the package python-tk (Homebrew)"}


class PreviewWindow:
    """A `Sink` for the thread that made it, which must be the main one on macOS. Closing the window ends the call."""

    def __init__(self, session: Session) -> None:
        """Raises CameraError where no window can be opened."""
        try:
            import tkinter

            from PIL import ImageTk
        except ImportError as error:
            how = _INSTALL.get(sys.platform, "install Python with Tcl/Tk")
            raise CameraError(f"A window needs Tk; {how}, or begin without one.") from error
        self._session = session
        self._toolkit: Any = tkinter
        self._photo: Any = ImageTk.PhotoImage
        try:
            self.root = tkinter.Tk()
        except tkinter.TclError as error:
            raise CameraError(f"No window can be opened here ({error}); begin without one.") from error
        self.root.title(TITLE)
        self.root.configure(background=_DARK)
        self._picture = tkinter.Label(self.root, borderwidth=0, background=_DARK)
        self._picture.pack(expand=True)
        self._line = tkinter.Label(self.root, anchor="w", background=_DARK, foreground="#e8e8e8")
        self._line.pack(fill="x")
        self.root.bind("<Key>", self._pressed)
        self.root.protocol("WM_DELETE_WINDOW", lambda: session.do(Action.QUIT))
        self.alone = False
        self._shown: Any = None
        self.root.update()

    def send(self, image: RGB, time: float) -> None:
        """Show it, and do what was pressed since the last one. Raises CameraError where the window has gone."""
        own = self._session.preview()
        picture = image if self.alone or own is None else beside(own, image)
        try:
            if self._shown is None or (self._shown.width(), self._shown.height()) != picture.shape[1::-1]:
                self._shown = self._photo(_pillow(picture), master=self.root)
                self._picture.configure(image=self._shown)
            else:
                self._shown.paste(_pillow(picture))
            self._line.configure(text=self._says())
            self.root.update()
        except self._toolkit.TclError as error:
            raise CameraError("The window has gone.") from error

    def close(self) -> None:
        """Close the window."""
        try:
            self.root.destroy()
        except self._toolkit.TclError:  # it has gone already
            return

    def _pressed(self, event: Any) -> None:
        action = action_of("Escape" if event.keysym == "Escape" else event.char)
        if action is Action.FULL_SCREEN:
            self.alone = not self.alone
            self.root.attributes("-fullscreen", self.alone)
        elif action is not None:
            self._session.do(action)

    def _says(self) -> str:
        session = self._session
        if session.notice:
            return session.notice
        parts = [session.avatar.name, session.mode.value]
        if session.search is not None and session.search.now is not None:
            parts.append(f"reference {session.search.now:.0f}, best {session.search.best or 0:.0f}")
        if session.settings.times:
            now = session.meter.times
            parts.append(
                f"{now.fps:.0f} frames a second: pre {now.pre:.0f}, model {now.model:.0f}, post {now.post:.0f} ms"
            )
        return " · ".join(parts)


def _pillow(image: RGB) -> Any:
    from PIL import Image

    return Image.fromarray(image)
