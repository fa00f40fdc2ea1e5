"""Hues of the article, each with one meaning: side, part of change, direction, group; samples are grey."""

import pandas as pd
import seaborn as sns

from borderland.charts.maps import Look
from borderland.charts.theme import GAIN, GREY, INK, LOSS

# A country, its side of the border, its counting office.
KAZ, RUS = "#005B96", "#D55E00"
COUNTRY = {"KAZ": KAZ, "RUS": RUS}
SIDE = {"Kazakh side": KAZ, "Russian side": RUS}

COUNTER_STYLE = {
    "counted by Russia": {"color": RUS, "dashes": ""},
    "counted by Kazakhstan": {"color": KAZ, "dashes": ""},
}
GROUP_STYLE = {
    "Kazakh side": {"color": KAZ, "dashes": ""},
    "rest of Kazakhstan": {"color": KAZ, "dashes": (1, 1.2)},
    "Russian side": {"color": RUS, "dashes": ""},
    "rest of Russia": {"color": RUS, "dashes": (1, 1.2)},
}
DIRECTION_STYLE = {
    "arrivals": {"color": GAIN, "dashes": ""},
    "departures": {"color": LOSS, "dashes": (4, 1.2)},
    "net": {"color": INK, "dashes": ""},
}
PART_STYLE = {
    "natural change": {"color": "#6AA32D", "dashes": ""},
    "net migration": {"color": "#8C4A78", "dashes": (4, 1.2)},
    "sum": {"color": INK, "dashes": (1, 1.2)},
}
DISPERSION_LABEL = {"total": "all regions", "between": "between the two sides", "within": "within the sides"}
DISPERSION_STYLE = {
    "all regions": {"color": INK, "dashes": ""},
    "between the two sides": {"color": GREY, "dashes": (4, 1.2)},
    "within the sides": {"color": GREY, "dashes": (1, 1.2)},
}


def region_colors(area: pd.DataFrame) -> dict[str, str]:
    """Hue of each region's name: that of its country."""
    return dict(zip(area["name"], area["country"].map(COUNTRY), strict=True))


GROUP_COLOR = {
    "kazakh": "#4B3F8F",
    "russian": "#CF4055",
    "ukrainian": "#E8B84B",
    "german": "#8A8D3F",
    "tatar": "#6FA8A0",
    "uzbek": "#B7A6D9",
    "other": "#C9C9C9",
}
RUSSIAN_SHARE = sns.light_palette("#9E1F36", as_cmap=True)

GROUP_LABEL = {
    "kazakh": "Kazakhs",
    "russian": "Russians",
    "ukrainian": "Ukrainians",
    "german": "Germans",
    "tatar": "Tatars",
    "uzbek": "Uzbeks",
    "other": "others",
}
NAMED_GROUP = {GROUP_LABEL[group]: color for group, color in GROUP_COLOR.items()}

# By the country in which people buy.
BUYER_STYLE = {
    "RUS": {"color": RUS, "marker": "v"},
    "KAZ": {"color": KAZ, "marker": "^"},
}

MAP = Look(
    regions=("russia", "kazakhstan"),
    fills={"KAZ": "#C9DFEE", "RUS": "#FBDCC4"},
    inks={"KAZ": "#003E66", "RUS": "#8A3D00"},
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
        "KZ-10": (-40, -110),
    },
)

# Keys are wordings of populations.VINTAGE_LABEL.
VINTAGE_STYLE = {
    "as published last": {"dashes": ""},
    "withdrawn estimate": {"dashes": (3, 1)},
}
