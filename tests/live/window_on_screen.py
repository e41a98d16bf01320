"""Run by a test on a screen of its own, in a process of its own: Tk ends the process when its screen goes.

python window_on_screen.py DRIVER.png AVATAR.png AVATAR.png
"""

import os
import sys
from pathlib import Path

import numpy as np
from avatars import PointPuppet
from desktop_parts import Roll, difference
from PIL import Image, ImageGrab

from doppelganger.errors import CameraError
from doppelganger.images import RGB, read_image
from doppelganger.live.desktop.frames import Every
from doppelganger.live.desktop.preview import PreviewWindow
from doppelganger.live.desktop.run import run_desktop
from doppelganger.live.session import Session
from doppelganger.live.shelf import Shelf, worn
from doppelganger.networks import Networks
from doppelganger.puppet.tracker import Tracker


def screen() -> RGB:
    return np.asarray(ImageGrab.grab(xdisplay=os.environ["DISPLAY"]).convert("RGB"))


def shows_both_pictures_and_hears_the_keys(session: Session, driver: RGB) -> None:
    window = PreviewWindow(session)
    root = window.root
    shown = session.step(driver, 0.0)
    window.send(shown.image, 0.0)
    own = session.preview()
    assert own is not None
    seen = screen()[root.winfo_rooty() :, root.winfo_rootx() :]
    wide = round(own.shape[1] * 512 / own.shape[0])
    assert difference(seen[:512, wide : wide + 512], shown.image) < 3
    left = np.asarray(Image.fromarray(own).resize((wide, 512)))
    assert difference(seen[:512, :wide], left) < 6
    root.focus_force()
    for key in ("d", "i", "W"):
        root.event_generate(f"<KeyPress-{key}>")
    window.send(session.step(driver, 0.1).image, 0.1)
    assert session.avatar.name == "Ben" and session.settings.times and session.settings.framing.side < 1
    if len(sys.argv) > 4:
        Image.fromarray(screen()).save(sys.argv[4])
    root.event_generate("<KeyPress-v>")
    window.send(session.step(driver, 0.2).image, 0.2)
    assert window.alone
    window.close()
    window.close()


def escape_and_the_cross_end_the_call(session: Session, driver: RGB) -> None:
    class Pressing(PreviewWindow):
        def send(self, image: RGB, time: float) -> None:
            super().send(image, time)
            self.root.focus_force()
            self.root.event_generate("<Escape>")

    called = run_desktop(session, Every(Roll([driver] * 9)), [Pressing(session)])
    assert called.frames <= 2 and session.ended
    session.ended = False
    window = PreviewWindow(session)
    window.root.tk.eval(window.root.protocol("WM_DELETE_WINDOW"))
    assert session.ended
    window.root.destroy()
    try:
        window.send(driver, 0.0)
    except CameraError as error:
        assert "window has gone" in str(error)
    else:
        raise AssertionError


def main() -> None:
    driver, ada, ben = (read_image(Path(name)) for name in sys.argv[1:4])
    networks = Networks(device="cpu")
    avatars = [worn(PointPuppet("Ada", ada)), worn(PointPuppet("Ben", ben))]
    session = Session(Shelf(lambda: avatars), lambda: Tracker(networks.detector, networks.landmarks))
    shows_both_pictures_and_hears_the_keys(session, driver)
    escape_and_the_cross_end_the_call(session, driver)
    print("seen")


if __name__ == "__main__":
    main()
