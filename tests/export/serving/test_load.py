import pytest

from benchmarks import serving_load


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_clients_at_once_get_what_one_gets_alone(protocol, server):
    host = f"localhost:{getattr(server, protocol)}"
    found = serving_load.measure(protocol, host, "tf_homo", clients=8, requests=40)
    assert (found["requests"], found["errors"], found["unequal"]) == (40, 0, 0)


def test_another_answer_is_seen(server, monkeypatch):
    """The last two of five answers to the only question are another's."""
    ask, branches_of = serving_load.client.PROTOCOLS["grpc"]
    asked = []

    def other_later(host, model, question, timeout):
        asked.append(question)
        return ask(host, model, question if len(asked) < 4 else question | {"source": question["target"]}, timeout)

    monkeypatch.setattr(serving_load, "QUESTIONS", 1)
    monkeypatch.setitem(serving_load.client.PROTOCOLS, "grpc", (other_later, branches_of))
    found = serving_load.measure("grpc", f"localhost:{server.grpc}", "tf_homo", clients=1, requests=4)
    assert (found["unequal"], found["errors"]) == (2, 0)
    assert found["largest_difference"] > 1
