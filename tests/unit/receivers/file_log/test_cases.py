"""What goes wrong with files that are followed, case by case, and the tests that hold it.

Each number is a kind of accident that other followers of files are known for; its tests are named in `CASES`, which is checked: none of them
can be renamed away unseen.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_FILES = {
    "rotation": _HERE / "test_rotation.py",
    "packing": _HERE / "test_packing.py",
    "places": _HERE / "test_places.py",
    "cutting": _HERE / "test_cutting.py",
    "bad": _HERE / "test_bad_files.py",
    "refiner": _HERE.parents[1] / "stanza" / "test_refiner.py",
    "faults": _HERE.parents[2] / "faults" / "test_file_kills.py",
}
CASES = {
    "1 renamed within the pattern, its tail unread": ["rotation renamed_within_the_pattern_with_a_tail_unread"],
    "2 renamed out of the pattern": ["rotation renamed_out_of_the_pattern_with_a_tail_unread"],
    "3 copied within the pattern and emptied": [
        "rotation copied_within_the_pattern_and_emptied", "rotation a_copy_that_is_seen_before_its_original_is_emptied",
    ],
    "4 copied out of the pattern and emptied": ["rotation copied_out_of_the_pattern_and_emptied_loses_what_was_not_read_by_then"],
    "5 emptied, and begun with the same first bytes": ["rotation emptied_and_begun_with_the_same_bytes"],
    "6 emptied, and longer again at the next look": [
        "rotation written_anew_beyond_the_old_place_between_two_looks", "rotation the_same_beginning_and_other_lines_behind_it_beyond_the_old_place",
    ],
    "7 an editor takes the last line away": [
        "rotation an_editor_takes_the_last_line_away", "rotation an_editor_takes_the_last_line_of_a_short_file_away",
        "rotation equal_lines_at_equal_places_behind_a_truncation_are_no_repetition",
    ],
    "8 different files that begin alike": ["rotation two_files_with_the_same_first_bytes", "rotation two_short_files_that_begin_alike"],
    "9 shorter than what it is known by, and grows": ["rotation a_file_that_is_shorter_than_what_it_is_known_by_grows"],
    "10 empty, and filled later": ["rotation an_empty_file_is_filled_later"],
    "11 an inode that is given away at once": ["rotation an_inode_that_is_given_to_another_file_at_once"],
    "12 rotated twice between two looks": ["rotation rotated_twice_between_two_looks"],
    "13 deleted while unread": ["rotation deleted_before_it_was_read_to_its_end"],
    "14 links that change, lead in a circle, or to the same file": [
        "rotation a_link_that_leads_to_another_file_then", "rotation links_in_a_circle_and_a_file_by_two_paths",
    ],
    "15 packed while it is followed": [
        "packing a_packed_file_that_is_seen_half_written", "packing packed_at_once_and_its_original_unlinked_at_once",
        "packing packing_that_never_ends_gives_nothing_twice",
    ],
    "16 a place in plain bytes, used in packed ones": ["cutting a_packed_file_is_the_one_that_was_plain", "packing the_plain_bytes_of_what_grows"],
    "17 what only looks packed, and packed files that begin alike": [
        "cutting members_that_are_cut_off_and_what_only_looks_packed", "bad two_packed_files_that_begin_alike",
    ],
    "18 several members, and one that is cut off": ["cutting members_that_are_cut_off_and_what_only_looks_packed"],
    "19 more files than may be open, and all rotate": ["rotation more_files_than_may_be_open_and_all_of_them_rotate"],
    "20 a line that is too long, cut within a character": [
        "cutting a_line_that_is_too_long_is_cut_between_characters", "cutting a_line_of_a_hundred_times_the_most",
    ],
    "21 line ends of all kinds, and zeros": ["cutting line_ends_and_zeros", "bad zeros_that_were_written_are_a_record"],
    "22 no line end at the end, then more": ["cutting a_line_that_has_no_end_for_now"],
    "23 start_at: end, and a place that is known": [
        "places what_is_known_goes_on_whatever_start_at_says", "places the_end_is_kept_although_nothing_was_read",
    ],
    "24 start_at: end, and a file that is made later": [
        "places a_file_that_is_made_later_begins_at_its_beginning", "places a_file_that_was_begun_while_nobody_read_is_read_from_its_beginning",
    ],
    "25 killed between reading and commit, and behind it": [
        "places kills_at_any_moment", "faults each_record_is_stored_once_over_kills_and_rotations",
    ],
    "26 no room in the journal for an hour": ["places no_room_for_an_hour", "places no_room_where_nothing_is_flushed"],
    "27 a container's file that was rotated away": ["refiner a_containers_line_over_a_rotation"],
    "28 a container's line in pieces: over steps, over a rotation, without its end": [
        "refiner containers_lines_of_two_streams_in_pieces", "refiner a_containers_line_over_a_rotation",
    ],
    "29 a container's line of 10 MiB": ["refiner an_entry_of_ten_megabytes_in_pieces"],
    "30 `max_log_size` below a container's line": [
        "refiner a_containers_line_that_was_split_before_it_came_here", "refiner a_container_puts_together_no_more_than_it_may",
    ],
    "31 pieces of two streams between each other": ["refiner containers_lines_of_two_streams_in_pieces"],
    "32 a pattern that never matches": ["cutting a_pattern_that_never_matches_is_bounded"],
    "33 the last record of a pattern, with nothing behind it": ["cutting records_begin_where_a_pattern_matches"],
    "34 ten thousand files, one active": ["places ten_thousand_quiet_files_are_looked_at_for_a_hundredth_of_the_time"],
    "35 not to be read yet; a folder that goes and comes": [
        "places a_file_that_may_not_be_read_yet", "places a_folder_that_goes_and_comes", "bad an_error_of_the_disk_in_the_middle",
    ],
    "36 a clock that jumps, and old files": ["places old_files_are_not_begun_and_those_that_were_go_on"],
    "37 equal lines in equal pieces": ["places equal_lines_in_equal_pieces_are_told_apart"],
    "38 encodings, cut within a character": ["cutting encodings", "cutting multiline_in_utf16"],
    "39 another `fingerprint_size` over a restart": ["rotation another_length_of_first_bytes_over_a_restart"],
    "40 delete_after_read, only when it is durable": ["places it_is_deleted_when_all_of_it_is_durable_and_not_before"],
    "41 a notice of the kernel that was lost: there are none, each look finds all": [
        "places a_folder_that_goes_and_comes", "rotation rotated_twice_between_two_looks",
    ],
    "42 a reload with another number of processes": ["faults each_record_is_stored_once_over_reloads_with_other_numbers_of_processes"],
    "43 inodes that change by themselves": ["rotation inodes_that_change_by_themselves"],
    "44 no file at all: a pipe, a socket, a device, a folder": [
        "bad what_is_no_regular_file_is_not_opened_and_holds_nobody_up", "bad what_became_a_pipe_or_a_device_since_somebody_looked",
    ],
    "45 holes, and files as long as they may become": [
        "bad a_hole_is_passed_over", "bad a_hole_to_the_end_and_what_is_written_behind_it", "bad a_file_that_was_made_as_long_as_it_may_become",
        "bad a_hole_in_front_of_utf_16", "cutting a_sparse_file",
    ],
    "46 shorter than it was when it was looked at": ["bad a_file_that_shrinks_between_a_look_and_reading"],
    "47 another encoding from some line on, and any bytes": [
        "bad a_file_that_changes_its_encoding", "bad a_file_in_utf_16_that_goes_on_in_utf_8", "bad any_bytes_are_read_to_their_end",
    ],
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_its_tests(case: str) -> None:
    for name in CASES[case]:
        file, test = name.split(" ")
        assert re.search(rf"^def test_{test}\(", _FILES[file].read_text("utf-8"), re.MULTILINE), name
