"""Predict, lock, reveal: a question whose answer is worked out from the networks at hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from ae_core.figures import base as figures
from ae_core.runs.run_folder import StoredRun
from ae_core.words.sentences import say, say_count
from pages.shared import kept_answers, lab, linked_answers, my_room, session
from pages.shared.browser import browser_memory
from pages.shared.browser.files import read_script
from pages.shared.charts import draw_chart

COUNTED = {"before": say("Before the discussion"), "after": say("After it")}
# What a reader calls the networks that an answer was worked out from, and the digits at hand.
NETWORKS, DIGITS = "network", say("digits at hand")

_into_view = st.components.v2.component("autoencoder_lab_answer_in_view", js=read_script("into_view"))
_fields = st.components.v2.component("autoencoder_lab_votes", js=read_script("votes"))


@dataclass(frozen=True)
class Answer:
    """Which option is right, and one line with the figures that say so."""

    right: str
    because: str


@dataclass(frozen=True)
class Question:
    """A question as it is asked now.

    key: of its card. of: a mark of each thing that the answer depends on, by its name. mark: of all these,
    the words and the options. votes_mark: the same without the networks, since somebody else's training does
    not unask what a room has been asked.
    """

    key: str
    question: str
    options: tuple[str, ...]
    of: Mapping[str, str]
    mark: str
    votes_mark: str


def ask_question(
    key: str,
    question: str,
    options: Sequence[str],
    answer: Callable[[], Answer],
    picture: Callable[[], None] | None = None,
    *,
    of: Mapping[str, object],
    networks: Sequence[StoredRun | None],
    reveals_page: bool = False,
) -> None:
    """Draw a card with a question that is to be answered before its answer can be seen.

    answer: called only then, and must take its answer from what was measured. It depends on `networks`, on
    `of` (settings by the names that a reader knows them by) and on nothing else that may change: with these,
    what was said comes and goes. networks: where one is None the question cannot be answered yet, and says so
    before anybody commits to an option. picture: drawn below the answer. reveals_page: draw the whole page
    again, for one that shows more once `is_revealed(key)`.
    """
    asked = _make_question(key, question, tuple(options), {**of, DIGITS: lab.digits().name}, networks)
    now: dict[str, Question] = st.session_state.setdefault(session.QUESTIONS_NOW, {})
    other = key in now and now[key].mark != asked.mark
    now[key] = asked
    _adopt_linked_answer(asked)
    answered = _given_answer(asked) is not None
    if answered != _card_state(key).get("answered", False) or (answered and other):
        _reset_choice(key, answered)
    _draw_card(asked, answer, picture, reveals_page, None not in networks)


def is_revealed(key: str) -> bool:
    """Whether this visitor has seen the answer of the card `key` to the question that it asks now."""
    asked: Question | None = st.session_state.get(session.QUESTIONS_NOW, {}).get(key)
    return asked is not None and _given_answer(asked) is not None


def has_answered(key: str) -> bool:
    """Whether this visitor has seen an answer of the card `key`, be it at other settings than those now."""
    return bool(kept_answers.load_said(key)["answers"])


@st.fragment
def _draw_card(
    asked: Question,
    answer: Callable[[], Answer],
    picture: Callable[[], None] | None,
    reveals_page: bool,
    can_be_answered: bool,
) -> None:
    key, options = asked.key, asked.options
    if reveals_page and _card_state(key).pop("turned", False):
        st.rerun()
    with st.container(border=True, key=f"question_{key}"), lab.plain_errors():
        given = _given_answer(asked)
        why = "" if given else _reason_asked_again(asked)
        st.markdown(say(":material/help: **Predict first.** {question}", question=asked.question))
        if why:
            st.caption(why)
        else:
            st.empty()
        round_ = _card_state(key).get("round", 0)
        choice = st.radio(
            asked.question,
            options,
            given["choice"] if given else None,
            key=f"{key}_choice{round_ or ''}",
            label_visibility="collapsed",
            disabled=given is not None,
        )
        counting = _card_state(key).get("counting", lab.is_presenting())
        in_room = lab.is_presenting() and my_room.is_presented()
        votes = _read_votes(asked, in_room=in_room)
        if in_room:
            st.html(
                my_room.asked_html(
                    key, _room_mark(asked), asked.question, options, is_answered=given is not None
                )
            )
        else:
            st.empty()
        if counting and not in_room:
            _draw_vote_fields(asked, votes, opened="counting" in _card_state(key))
        with st.container(horizontal=True, vertical_alignment="center"):
            if given is None:
                st.button(
                    say("Lock my answer"),
                    key=f"{key}_lock",
                    type="primary",
                    icon=":material/lock:",
                    disabled=choice is None or not can_be_answered,
                    on_click=_store_answer,
                    args=(asked, choice),
                )
                st.button(
                    say("Reveal without answering"),
                    key=f"{key}_reveal",
                    type="tertiary",
                    disabled=not can_be_answered,
                    on_click=_store_answer,
                    args=(asked, None),
                )
            else:
                st.button(
                    say("Ask again"),
                    key=f"{key}_again",
                    icon=":material/replay:",
                    on_click=_ask_again,
                    args=(asked,),
                )
                st.button(
                    say("Put my answer into the address"),
                    key=f"{key}_link",
                    type="tertiary",
                    icon=":material/link:",
                    disabled=linked_answers.read_linked_answers().get(key, "") == given["choice"],
                    help=say(
                        "Then a bookmark keeps it, and whoever opens the address sees what you answered."
                    ),
                    on_click=linked_answers.put_answer_into_link,
                    args=(key, given["choice"]),
                )
            if not in_room:
                st.button(
                    say("Put the votes away") if counting else say("The room's votes"),
                    key=f"{key}_votes",
                    icon=":material/how_to_vote:",
                    on_click=_open_vote_fields,
                    args=(key, not counting),
                )
            # A room sees them with the answer, whatever was said before.
            if (in_room and given is None) or (not in_room and any(map(any, votes.values()))):
                st.toggle(
                    say("Show the votes"),
                    kept_answers.load_said(key)["votes_shown"],
                    key=session.votes_shown_key(key),
                    on_change=_store_votes_shown,
                    args=(key,),
                )
        if not can_be_answered:
            st.caption(
                say(
                    "It can be answered once every network that it asks about has been "
                    "trained at this latent size."
                )
            )
        browser_memory.hand_to_browser(f"question_{key}")
        right = ""
        if given is not None and can_be_answered:
            with st.spinner(say("Measuring …")):
                found = answer()
            right = found.right
            with st.container(key=f"{key}_answer"):
                _show_answer(found, None if given["choice"] is None else options[given["choice"]])
                if in_room and right in options:
                    st.html(my_room.right_html(_room_mark(asked), options.index(right)))
            if _card_state(key).pop("fresh", False):
                _into_view(key=f"unseen_{key}_answer", data={"key": f"{key}_answer", "isAnswer": True})
            if picture:
                picture()
        is_shown = kept_answers.load_said(key)["votes_shown"] or (in_room and given is not None)
        if any(map(any, votes.values())) and is_shown:
            lab.prepare_for_figures()
            alt = say("The room's votes before and after the discussion")
            marked = [f"✓ {option}" if option == right else option for option in options]
            draw_chart(
                figures.paired_bars(marked, votes["before"], votes["after"]), f"{key}_votes_chart", alt
            )


def _show_answer(answer: Answer, said: str | None) -> None:
    if said is None:
        st.info(f"**{answer.right}** {answer.because}", icon=":material/lightbulb:")
    elif said == answer.right:
        st.success(
            say("That is right: **{right}** {because}", right=answer.right, because=answer.because),
            icon=":material/check:",
        )
    else:
        st.warning(
            say(
                "You said “{said}”, but it is: **{right}** {because}",
                said=said,
                right=answer.right,
                because=answer.because,
            ),
            icon=":material/lightbulb:",
        )


def _reason_asked_again(asked: Question) -> str:
    """Why a question that was answered is asked once more; empty where it was not."""
    answers = kept_answers.load_said(asked.key)["answers"]
    if not answers:
        return ""
    last = list(answers.values())[-1]["of"]
    changed = [name for name, mark in asked.of.items() if name != NETWORKS and last.get(name) != mark]
    if not changed:  # the same settings, and somebody has trained them
        return say("Your answer was about another network than the one shown now, so this is asked again.")
    return say_count(
        "The {changed} has changed since you answered, so this is asked again. Set it back to see your "
        "answer.",
        "The {changed} have changed since you answered, so this is asked again. Set them back to see your "
        "answer.",
        len(changed),
        changed=say(" and the ").join(changed),
    )


# The room's votes


def _draw_vote_fields(asked: Question, votes: Mapping[str, Sequence[int]], *, opened: bool) -> None:
    """Draw a field for each option's hands, counted before or after the discussion.

    In a row, so that Tab leads along it. opened: the visitor has just opened them.
    """
    key = asked.key
    with st.container(key=f"{key}_hands"):
        when = st.segmented_control(
            say("Hands counted"),
            kept_answers.WHEN,
            default="before",
            required=True,
            format_func=COUNTED.__getitem__,
            key=f"{key}_votes_when",
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            for i, option in enumerate(asked.options):
                field = f"{key}_votes_{when}_{i}_{asked.votes_mark}_{browser_memory.times_restored()}"
                st.number_input(
                    option,
                    0,
                    kept_answers.MOST_VOTES,
                    votes[str(when)][i],
                    key=field,
                    width=150,
                    on_change=_store_vote,
                    args=(asked, str(when), i, field),
                )
        _fields(key=f"unseen_{key}_votes", data={"card": key, "opened": opened})


def _store_vote(asked: Question, when: str, i: int, field: str) -> None:
    votes = _read_votes(asked)
    if field in st.session_state:
        votes[when][i] = int(st.session_state[field])
    kept_answers.store_said(asked.key, "votes", asked.votes_mark, votes)


def _room_mark(asked: Question) -> str:
    return f"{asked.key}.{asked.votes_mark}"


def _read_votes(asked: Question, *, in_room: bool = False) -> dict[str, list[int]]:
    """Votes for each option, by `kept_answers.WHEN`: hands that were counted, or a room's phones."""
    if in_room:
        said = my_room.count_votes(_room_mark(asked)) or {}
        return dict(zip(kept_answers.WHEN, said.values(), strict=False)) or {
            when: [0] * len(asked.options) for when in kept_answers.WHEN
        }
    votes = kept_answers.load_said(asked.key)["votes"].get(asked.votes_mark, {})
    count = len(asked.options)
    return {when: [*votes.get(when, []), *[0] * count][:count] for when in kept_answers.WHEN}


def _open_vote_fields(key: str, counting: bool) -> None:
    _card_state(key)["counting"] = counting


def _store_votes_shown(key: str) -> None:
    said = kept_answers.load_said(key)
    said["votes_shown"] = bool(st.session_state.get(session.votes_shown_key(key), False))
    kept_answers.save_said(key, said)


def reveal_all(keys: Sequence[str]) -> None:
    """Reveal the answers of those cards that the page has asked and this visitor has not answered."""
    asked: dict[str, Question] = st.session_state.get(session.QUESTIONS_NOW, {})
    for key in keys:
        if key in asked and not is_revealed(key):
            _store_answer(asked[key], None, bring_into_view=False)


# What was said


def _store_answer(asked: Question, choice: str | None, *, bring_into_view: bool = True) -> None:
    place = asked.options.index(choice) if choice in asked.options else None
    kept_answers.store_said(asked.key, "answers", asked.mark, {"choice": place, "of": dict(asked.of)})
    _card_state(asked.key).update(turned=True, answered=True, fresh=bring_into_view)


def _adopt_linked_answer(asked: Question) -> None:
    """Take the answer that the page's address brings, once in a session, where there is none."""
    answers, card = linked_answers.read_linked_answers(), _card_state(asked.key)
    if asked.key in answers and not card.get("adopted") and _given_answer(asked) is None:
        choice = answers[asked.key]
        if choice is None or choice < len(asked.options):
            kept_answers.store_said(
                asked.key, "answers", asked.mark, {"choice": choice, "of": dict(asked.of)}
            )
    card["adopted"] = True


def _ask_again(asked: Question) -> None:
    linked_answers.drop_answer_from_link(asked.key)
    said = kept_answers.load_said(asked.key)
    said["answers"].pop(asked.mark, None)
    kept_answers.save_said(asked.key, said)
    _card_state(asked.key)["turned"] = True
    _reset_choice(asked.key, answered=False)


def _reset_choice(key: str, answered: bool) -> None:
    """Give the choice a new key: under the old one the browser would bring back what was chosen."""
    _card_state(key).update(round=_card_state(key).get("round", 0) + 1, answered=answered)


def _given_answer(asked: Question) -> dict[str, Any] | None:
    """The answer to this question, its option's place or None under "choice"; None if not answered."""
    given: dict[str, Any] | None = kept_answers.load_said(asked.key)["answers"].get(asked.mark)
    return given if given and (given["choice"] is None or given["choice"] < len(asked.options)) else None


def _card_state(key: str) -> dict[str, Any]:
    """State of the card that a page loaded anew may forget."""
    found: dict[str, Any] = st.session_state.setdefault(session.QUESTION_CARDS, {}).setdefault(key, {})
    return found


def _make_question(
    key: str,
    question: str,
    options: tuple[str, ...],
    of: Mapping[str, object],
    networks: Sequence[StoredRun | None],
) -> Question:
    settings = {name: _hash_mark(value) for name, value in of.items()}
    runs = _hash_mark([(run.run_id, run.weights_sha256) if run else None for run in networks])
    votes_mark = _hash_mark((question, options, settings))
    return Question(
        key, question, options, {**settings, NETWORKS: runs}, _hash_mark((votes_mark, runs)), votes_mark
    )


def _hash_mark(of: object) -> str:
    """Hash of `MARK_LENGTH` digits, the same for what is written the same."""
    return hashlib.sha256(repr(of).encode()).hexdigest()[: kept_answers.MARK_LENGTH]
