"""Short made-up threads: the answers are the same in all of them, and only the title tells what they agree with."""

from __future__ import annotations

from itertools import product

from sentiment.data.tsv import Post

REPLIES = ("推", "真的", "同意樓上", "+1", "我也這麼覺得", "說出心聲", "就是這樣", "樓上正解")
# By label: what a title is about, and what it says of it. The last of each kind are in no thread that is learned.
SUBJECTS = ("巷口火鍋", "新買的耳機", "這家牙醫", "連假住的民宿", "樓下早餐店", "公司尾牙", "週末的展覽", "新款機車")
SAID = (
    ("大推", "超級滿意", "值得再來", "驚喜連連", "好到想哭"),
    ("踩雷", "氣到發抖", "拜託別去", "爛到極點", "後悔死了"),
    ("怎麼預約", "幾點開門", "求地址", "有人去過嗎", "要帶什麼"),
)
UNSEEN_SUBJECTS = 2


def threads() -> tuple[list[Post], list[Post]]:
    """Returns posts to learn from, and posts of threads with other titles, each reply as often with each label."""
    learned: list[Post] = []
    asked: list[Post] = []
    for label, said in enumerate(SAID):
        for (place, subject), (number, words) in product(enumerate(SUBJECTS), enumerate(said)):
            title = f"{subject}{words}" if (place + number) % 2 else f"{words} {subject}"
            unseen = place >= len(SUBJECTS) - UNSEEN_SUBJECTS
            replies = REPLIES if unseen else REPLIES[(place + number) % 2 :: 2]
            (asked if unseen else learned).extend(Post(reply, label, title) for reply in replies)
    return learned, asked
