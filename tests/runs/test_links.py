"""Links: which values are understood, what is said of the others, and whose run a link names."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ae_core import config
from ae_core.runs import links
from ae_core.runs.versions import versions


@pytest.fixture
def run(store):
    return store.shipped_like(config.CAE)


# What is wrong with a link


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("latent_size", "12", "17"),
        ("train_size", "256", "257"),
        ("train_digits", "1,000", "1000"),
        ("train_classes", "7", "10"),
        ("whose", "Yours", "Mine"),
        ("yours", "0123456789abcdef.fedcba9876543210", "0123"),
        ("dae_epochs", "1", "0"),
        ("home_test_noise", "0.35", "1.05"),
        ("cae_test_noise", "1e-3", "nan"),
        ("training_noise_level", "0", "-0.1"),
        ("fae_test_noise_kind", "Salt and pepper", "salt"),
        ("training_noise_kind", "Occlusion", "occlusion"),
        ("fae_layers", "784 → code", "784"),
        ("cae_learning_rate", "0.0001", "0.5"),
        ("dae_batch_size", "512", "513"),
        ("dae_loss", "Squared error", "mse"),
        ("seed", "4294967295", "4294967296"),
        ("seed", "0", "1e400"),
        ("present", "1", "yes"),
        ("run", "0123456789abcdef", "../../etc"),
        ("weights", "0123456789abcdef", "0123"),
        ("recipe", str(config.RECIPE), "77"),
        ("versions", "torch:2.15.0,numpy:2.4.6", "<b>"),
    ],
)
def test_a_value_out_of_range_or_of_another_version_is_named_and_a_good_one_is_not(key, good, bad):
    assert links.find_problems({key: [good]}) == []
    (problem,) = links.find_problems({key: [bad]})
    assert f"`{bad}`" in problem


def test_a_key_that_nobody_knows_is_named():
    assert links.find_problems({"colour": ["red"]}) == [
        "Nothing here is called `colour`, so it is passed over."
    ]


@pytest.mark.parametrize(
    "key",
    [
        "utm_source", "utm_campaign", "UTM_Medium", "fbclid", "gclid", "msclkid", "mc_cid", "mc_eid", "_ga",
        "ref", "si", "__theme", "__sign", "embed", "embed_options", "module_item_id", "lti_message_hint",
    ],
)  # fmt: skip
def test_what_a_mail_a_course_page_or_a_host_hangs_on_to_a_link_is_passed_over_without_a_word(key):
    assert links.find_problems({key: ["<b>7c1</b>", "again"]}) == []


def test_no_dial_is_taken_for_what_a_carrier_added_and_a_misspelt_one_is_named_beside_it():
    ours = [re.sub(r"\[.*\]|\*", "1", key) for key in links.TABLE]
    assert [key for key in ours if links.is_carrier_parameter(key)] == []
    assert links.find_problems(
        {"utm_source": ["mail"], "latent_sise": ["8"], "dae_lerning_rate": ["0.1"], "fbclid": ["I"]}
    ) == [
        "Nothing here is called `latent_sise`, so it is passed over.",
        "Nothing here is called `dae_lerning_rate`, so it is passed over.",
    ]


def test_what_is_behind_the_point_of_a_whole_number_is_said_to_be_cut_off():
    (problem,) = links.find_problems({"latent_size": ["8.7"]})
    assert problem.endswith("`8` is used instead.")


def test_a_dial_that_stands_in_a_link_twice_is_told_and_two_runs_to_compare_are_not():
    assert "2 times" in links.find_problems({"latent_size": ["8", "16"]})[0]
    assert links.find_problems({"compare": ["DAE 8, 5 epochs, 0123ab", "CAE 8, 5 epochs, 0123ac"]}) == []


@given(st.dictionaries(st.text(), st.lists(st.text(), min_size=1, max_size=3), max_size=5))
def test_whatever_stands_in_a_link_is_quoted_on_one_line_and_cannot_end_its_quotation(parameters):
    for problem in links.find_problems(parameters):
        assert "\n" not in problem
        assert problem.count("`") in (2, 4)
        assert len(problem) < 400


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://host/x.png)",
        "<script>alert(1)</script>",
        "`` ` **bold**",
        "a" * 5000,
        "\u202e\x00\n# title",
    ],
)
def test_markup_from_a_link_stays_in_its_quotation(text):
    quotation = links.quoted(text)
    assert quotation[0] == quotation[-1] == "`"
    assert "`" not in quotation[1:-1]
    assert quotation[1:-1].isprintable()
    assert len(quotation) <= links.LONGEST_QUOTE + 3


def test_of_many_problems_the_first_few_are_shown_and_the_others_counted():
    found = links.find_problems({f"junk{i}": ["1"] for i in range(300)})
    assert links.link_notice(found).count("\n- ") == links.MOST_PROBLEMS + 1
    assert "295 more" in links.link_notice(found)


# Whose run


def test_what_a_link_says_of_a_run_is_read_again_as_it_was(run):
    said = links.sender_fields(run)
    assert links.find_problems({key: [value] for key, value in said.items()}) == []
    sender = links.read_sender({key: [value] for key, value in said.items()})
    assert (sender.run_id, sender.digits, sender.versions) == (
        run.run_id,
        run.config.data.name,
        run.result["versions"],
    )
    assert "identical to the sender's weights" in links.weights_verdict(sender, run)


def test_other_weights_differ_and_the_versions_that_differ_are_named(run):
    sender = links.Sender(
        run.run_id, "0" * 16, run.config.data.name, {**run.result["versions"], "torch": "2.14.0"}
    )
    assert links.weights_verdict(sender, run).endswith(
        f"`torch` `2.14.0` where this lab has `{versions()['torch']}`."
    )
    assert not links.is_identical(sender, run)


def test_with_equal_versions_the_processor_is_named_and_without_versions_nothing_is_guessed(run):
    sender = links.Sender(run.run_id, "0" * 16, "embedded", run.result["versions"])
    assert "another kind of processor" in links.weights_verdict(sender, run)
    assert "did not record" in links.weights_verdict(replace(sender, versions={}), run)
    old = replace(run, result={key: value for key, value in run.result.items() if key != "versions"})
    assert "did not record" in links.weights_verdict(sender, old)
    assert "versions" not in links.sender_fields(old)


@pytest.mark.parametrize("broken", [{"run": "x"}, {"weights": ""}, {"recipe": "77"}])
def test_a_link_of_another_recipe_or_with_a_broken_name_names_no_run(run, broken):
    said = {**links.sender_fields(run), **broken}
    assert links.read_sender({key: [value] for key, value in said.items()}) is None
