"""The science of the borderland article, in chapters: tables → methods → charts → study.

Each chapter imports only from those before it; all may use :mod:`borderland.ties`. Functions are pure:
frames in, frames, records and figures out. No module knows the build that the article is made with.
"""

__all__ = ["charts", "methods", "study", "tables", "ties"]
