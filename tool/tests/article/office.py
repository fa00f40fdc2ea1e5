"""LibreOffice as a co-author, through its own API: run by a Python that has `uno`, in a process of its own.

``python office.py SOURCE.docx TARGET.docx PROFILE``: opens the document, lets changes be recorded, makes the
edits below, and saves it as DOCX.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

REPLACED = {"has been described": "was described", "A note follows.": "", "12 regions": "13 regions"}
"""What is typed over, in this order; the first place of each."""
CELL, TYPED = "B2", "77"
"""The cell of the first table that is typed over."""
REMARK = "Is that so?"
REMARKED = "stands beside"
UNRECORDED = "opens no list"
"""Typed over by ``starts no list`` while changes are not recorded."""


def main(source: str, target: str, profile: str) -> None:
    """Edit a document."""
    import uno
    from com.sun.star.beans import PropertyValue

    def option(name, value):
        one = PropertyValue()
        one.Name, one.Value = name, value
        return one

    pipe = f"paper-{os.getpid()}"
    office = subprocess.Popen(
        [
            "soffice",
            "--headless",
            "--norestore",
            f"-env:UserInstallation={Path(profile).as_uri()}",
            f"--accept=pipe,name={pipe};urp;",
        ]
    )
    here = uno.getComponentContext()
    resolver = here.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", here)
    address = f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext"
    deadline = time.monotonic() + 60
    while True:
        try:
            context = resolver.resolve(address)
            break
        except Exception:
            if time.monotonic() > deadline:
                office.kill()
                raise
            time.sleep(0.2)
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    document = desktop.loadComponentFromURL(Path(source).as_uri(), "_blank", 0, (option("Hidden", True),))

    def find(text):
        search = document.createSearchDescriptor()
        search.SearchString = text
        return document.findFirst(search)

    find(UNRECORDED).String = "starts no list"
    document.RecordChanges = True
    for old, new in REPLACED.items():
        find(old).String = new
    document.TextTables.getByIndex(0).getCellByName(CELL).String = TYPED
    note = document.createInstance("com.sun.star.text.textfield.Annotation")
    note.Author, note.Content = "Ada", REMARK
    document.Text.insertTextContent(find(REMARKED), note, True)
    document.storeToURL(Path(target).as_uri(), (option("FilterName", "MS Word 2007 XML"),))
    document.close(True)
    try:
        desktop.terminate()
    except Exception:  # the bridge goes with the office
        pass
    office.wait(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
