"""Hues and wordings of the article: Kazakhstan and Russia keep one hue each in all figures."""

from collections.abc import Iterable

import pandas as pd

from borderland.charts.maps import Look
from borderland.charts.theme import BLUE, INK, NATURAL, ORANGE
from borderland.study.frame import COUNTRY_NAME

KAZ, RUS = BLUE, ORANGE
COUNTRY = {"KAZ": KAZ, "RUS": RUS}
NAMED = {COUNTRY_NAME[code]: color for code, color in COUNTRY.items()}  # of a series named after a country

# Who counts, not whose migrants: the hue is that of the counting office's country.
COUNTER_STYLE = {
    "counted by Russia": {"color": RUS, "marker": "s", "linestyle": "-"},
    "counted by Kazakhstan": {"color": KAZ, "marker": "o", "linestyle": "-"},
}
DIRECTION_STYLE = {
    "arrivals": {"color": NATURAL, "marker": "^", "linestyle": "-"},
    "departures": {"color": "#8C4A78", "marker": "v", "linestyle": "--"},
    "net": {"color": INK, "marker": "o", "linestyle": "-"},
}
FLOW_STYLE = {
    "inside Kazakhstan": {"color": "#56B4E9"},
    "across the country’s borders": {"color": "#8C4A78", "hatch": "////"},
}
GROUP_STYLE = {
    "Kazakh side": {"color": KAZ, "marker": "o", "linestyle": "-"},
    "rest of Kazakhstan": {"color": KAZ, "marker": "o", "linestyle": ":", "markerfacecolor": "white"},
    "Russian side": {"color": RUS, "marker": "s", "linestyle": "-"},
    "rest of Russia": {"color": RUS, "marker": "s", "linestyle": ":", "markerfacecolor": "white"},
}
DISPERSION_LABEL = {"total": "all regions", "between": "between the two sides", "within": "within the sides"}
DISPERSION_STYLE = {
    "all regions": {"color": INK, "marker": "o", "linestyle": "-"},
    "between the two sides": {"color": "#8C4A78", "marker": "s", "linestyle": "--"},
    "within the sides": {"color": NATURAL, "marker": "^", "linestyle": "-"},
}


def region_colors(area: pd.DataFrame) -> dict[str, str]:
    """Hue of each region's name: that of its country."""
    return dict(zip(area["name"], area["country"].map(COUNTRY), strict=True))


GROUP_COLOR = {
    "kazakh": "#005B96",
    "russian": "#D55E00",
    "ukrainian": "#E8B84B",
    "german": "#009E73",
    "tatar": "#8C4A78",
    "uzbek": "#56B4E9",
    "other": "#C9C9C9",
}

GROUP_LABEL = {
    "kazakh": "Kazakhs",
    "russian": "Russians",
    "ukrainian": "Ukrainians",
    "german": "Germans",
    "tatar": "Tatars",
    "uzbek": "Uzbeks",
    "other": "others",
}


def group_label_colors(groups: Iterable[str]) -> dict[str, str]:
    """Hue of each ethnic group under its printed name."""
    return {GROUP_LABEL[group]: GROUP_COLOR[group] for group in groups}


BUYER_STYLE = {
    "RUS": {"color": RUS, "marker": "v", "label": "buyers from Kazakhstan in Russia"},
    "KAZ": {"color": KAZ, "marker": "^", "label": "buyers from Russia in Kazakhstan"},
}

MAP = Look(
    regions=("russia", "kazakhstan"),
    fills={"KAZ": "#C9DFEE", "RUS": "#FBDCC4"},
    inks={"KAZ": "#003E66", "RUS": "#8A3D00"},
    labels={"KAZ": "Kazakh border region", "RUS": "Russian border region"},
    shifts={
        "KZ-ATY": (75, 45),
        "KZ-ZAP": (-40, -55),
        "KZ-KUS": (0, -60),
        "KZ-SEV": (-15, -35),
        "KZ-VOS": (30, -60),
        "KZ-PAV": (-20, -45),
        "RU-AST": (-15, 10),
        "RU-VGG": (-5, 65),
        "RU-SAM": (25, 65),
        "RU-KGN": (25, -45),
        "RU-SAR": (20, 15),
        "RU-ORE": (0, 18),
        "RU-CHE": (10, -75),
        "RU-TYU": (60, -30),
        "RU-OMS": (15, 70),
        "RU-NVS": (-70, 60),
        "RU-AL": (30, -50),
    },
    apart="okrugs of Tyumen, not counted with it",
)

# Keys are wordings of populations.VINTAGE_LABEL.
VINTAGE_STYLE = {
    "as published last": {},
    "withdrawn estimate": {"linestyle": (0, (3, 1))},
}
