"""What a person looks at: the page of one result, and pictures of its faces side by side."""

from doppelganger.report.page import render
from doppelganger.report.sheets import contact_sheet, filmstrip, filmstrip_png

__all__ = ["contact_sheet", "filmstrip", "filmstrip_png", "render"]
