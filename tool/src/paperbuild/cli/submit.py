"""``paper submit``: the article as a journal asks for it, in one archive."""

from __future__ import annotations

import argparse
from pathlib import Path

from paperbuild.article.submission import profiles, read_profile
from paperbuild.build.plan import make_plan
from paperbuild.cli.arguments import add_edition, edition_of
from paperbuild.ground.files import write_atomic
from paperbuild.project.layout import Project
from paperbuild.project.workspace import Workspace
from paperbuild.proof import submission
from paperbuild.proof.deposit import refuse_unsound


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``paper submit``."""
    known = ", ".join(profiles())
    parser.add_argument(
        "--for", dest="profile", required=True, metavar="PROFILE", help=f"{known}, or a file of your own"
    )
    names = parser.add_mutually_exclusive_group()
    names.add_argument(
        "--named", action="store_true", help="with the authors' names, whatever the profile says"
    )
    names.add_argument("--anonymous", action="store_true", help="without them")
    add_edition(parser)
    parser.add_argument(
        "--output", type=Path, metavar="FILE.zip", help="where the archive goes (default: build/submission-…)"
    )


def main(project: Project, args: argparse.Namespace) -> int:
    """Write the archive that a journal takes; 1 where the article is not what it takes."""
    profile = read_profile(args.profile)
    refuse_unsound(project, (), make_plan(Workspace.open(project.root, project.scenario)).stale)
    anonymous = args.anonymous or (profile.anonymous and not args.named)
    language = edition_of(args, project.editions)
    made = submission.make(project, profile, anonymous=anonymous, language=language)
    name = "-".join(filter(None, ("submission", Path(args.profile).stem, language)))
    target = args.output or project.build / f"{name}.zip"
    write_atomic(target, made.archive(project.revision.epoch))
    print(f"{target}: {len(made.files)} files for {profile.journal}, {'anonymous' if anonymous else 'named'}")
    if made.foreign:
        print(f"  the text is in {made.foreign}; the journal takes {', '.join(profile.languages)}")
    for one in made.measured:
        print(f"  {'' if one.kept else 'outside the limit: '}{one}")
    if made.told.left:
        print(f"  paragraphs that name an author, on the title page only: {len(made.told.left)}")
    if made.told.abstracts:
        print(f"  abstracts left out: {', '.join(made.told.abstracts)}")
    print(f"  could not be learnt from the journal's instructions: {'; '.join(profile.unread)}")
    return 1 if made.over or made.foreign else 0
