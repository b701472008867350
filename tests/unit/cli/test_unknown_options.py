"""What is said of options that there are none of."""

from tests.unit.cli.conftest import CAPITALS, Command


def test_who_types_a_setting_as_an_option_is_told_how(command: Command) -> None:
    for name in ("run", "plan", "data", "show"):
        said = " ".join(command(name, CAPITALS, "--epochs", "3", fails=True).stderr.split())
        assert "No such option: --epochs. Settings are typed as --set KEY=VALUE" in said


def test_who_mistypes_an_option_is_told_the_nearest_alone(command: Command) -> None:
    said = " ".join(command("run", CAPITALS, "--seds", "3", fails=True).stderr.split())
    assert "Possible options: --seeds" in said
    assert "Settings are typed" not in said


def test_commands_without_settings_say_nothing_of_them(command: Command) -> None:
    said = command("power", "--spred", "0.1", fails=True).stderr
    assert "--spred" in said
    assert "--spread" in said
    assert "--set" not in said
