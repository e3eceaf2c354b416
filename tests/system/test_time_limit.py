"""offline -t: a limit that ends it half way, and nothing is lost or out of place."""


def test_offline_within_a_time_limit(boot):
    guest = boot(mem="768M")
    _, name = guest.plug_named("512M")
    guest.ok(f"online {name} movable")
    guest.ok("hog start big 300M movable", scale=4)
    before = guest.lsmem("-a"), guest.free()
    error = guest.refused(f"offline {name} -t 0.05", "ETIMEDOUT", scale=4)
    assert "the time given is over" in error
    assert (guest.lsmem("-a"), guest.free()) == before
    guest.ok("hog verify big", scale=4)
    guest.ok(f"offline {name} -t 600", scale=8)
    guest.ok("hog verify big; hog stop big", scale=4)
    for wrong in ("-t", "-t x", "-t -1"):
        assert guest.run(f"offline {name} {wrong}")[0] == 2
