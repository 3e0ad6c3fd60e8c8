import socket

from amonition import ports


def test_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.create_server((ports.HOST, 0)) as listener:
        taken = listener.getsockname()[1]
        assert not ports.is_free(taken)
    assert ports.is_free(taken)


def test_first_free_passes_over_what_is_taken() -> None:
    with socket.create_server((ports.HOST, 0)) as listener:
        taken = listener.getsockname()[1]
        free = next(port for port in range(taken + 1, 65536) if ports.is_free(port))
        assert ports.first_free([taken, free]) == free
        assert ports.first_free([taken]) is None


def test_ports_in_a_row_are_all_free() -> None:
    with socket.create_server((ports.HOST, 0)) as listener:
        last = listener.getsockname()[1]
        assert ports.first_free([last - 2], count=3) is None
