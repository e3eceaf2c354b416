"""Hogs that are too large: refused at once, or when there is no more, with the true reason."""
import re


def test_too_large_for_address_space_or_memory(boot):
    guest = boot(mem="256M")
    with guest.same_census():
        error = guest.refused("hog start x 3000000G", "E2BIG")
        assert "3000000 GiB are wanted" in error and "16384 GiB" in error
        error = guest.refused("hog start x 2T", "ENOMEM")
        assert "536870912 pages are wanted" in error
        managed = int(re.search(r"all zones have (\d+)", error).group(1))
        assert 40_000 < managed < 65_536
        want = managed * 4096 >> 20
        error = guest.refused(f"hog start x {want}M", "ENOMEM", scale=2)
        assert "order 0 in the Normal zones after" in error
        figures = re.search(r"after (\d+) of (\d+) pages; (\d+) are", error)
        had, of, left = map(int, figures.groups())
        assert 0.8 * managed < had < of == want << 8 and left < 64
        error = guest.refused("hog start x 128M order=15 node=0", "ENOMEM")
        assert "order 15" in error and "of node 0 after 0 of 32768 pages" in error
