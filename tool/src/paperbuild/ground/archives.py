"""Archives that come from elsewhere: what reading them may raise."""

import zipfile
import zlib

UNREADABLE = (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)
"""What `zipfile` raises for what is no archive, is damaged, encrypted or packed in a way it does not know."""
