from datetime import UTC, datetime

import pytest

from pipeline.decoding.metadata.file_names import file_name_date
from pipeline.values import DateSource

NOW = datetime(2026, 1, 1)
DAY = datetime(2019, 7, 4)
MOMENT = datetime(2019, 7, 4, 12, 30, 45)


def date_in(name: str) -> datetime | None:
    taken = file_name_date(b"/photos/1999-01-01/" + name.encode(), NOW)
    assert taken is None or taken.source is DateSource.FILE_NAME
    return None if taken is None else taken.at


@pytest.mark.parametrize(
    "name",
    [
        "IMG_20190704_123045.jpg",
        "IMG_20190704_123045_1.jpg",
        "IMG_20190704_123045678_HDR.jpg",
        "MVIMG_20190704_123045.jpg",
        "VID_20190704_123045.mp4",
        "20190704_123045.jpg",
        "20190704123045.jpg",
        "2019-07-04 12.30.45.jpg",
        "2019-07-04 12.30.45-1.jpg",
        "photo_2019-07-04_12-30-45.jpg",
        "signal-2019-07-04-12-30-45-123.jpg",
        "signal-2019-07-04-123045.jpeg",
        "Screenshot_2019-07-04-12-30-45-123_com.app.png",
        "Screenshot_20190704-123045_Chrome.jpg",
        "Screen Shot 2019-07-04 at 12.30.45 PM.png",
        "Screenshot 2019-07-04 at 12.30.45\u202fPM.png",
        "WhatsApp Image 2019-07-04 at 12.30.45.jpeg",
        "WhatsApp Image 2019-07-04 at 12.30.45 (1).jpeg",
        "WhatsApp Bild 2019-07-04 um 12.30.45.jpeg",
        "2019-07-04T12:30:45.jpg",
    ],
)
def test_names_with_date_and_time(name: str) -> None:
    assert date_in(name) == MOMENT


@pytest.mark.parametrize(
    "name",
    [
        "IMG-20190704-WA0001.jpg",
        "VID-20190704-WA0001.mp4",
        "20190704.jpg",
        "20190704_1.jpg",
        "2019-07-04.jpg",
        "2019-07-04-1234.jpg",
        "2019_07_04 birthday.jpg",
        "2019.07.04 grandma 80.jpg",
        "IMG_20190704_996045.jpg",
    ],
)
def test_names_with_a_date_alone(name: str) -> None:
    assert date_in(name) == DAY


def test_a_clock_of_twelve_hours() -> None:
    assert date_in("WhatsApp Image 2019-07-04 at 1.30.45 PM.jpeg") == datetime(2019, 7, 4, 13, 30, 45)
    assert date_in("Screen Shot 2019-07-04 at 12.30.45 AM.png") == datetime(2019, 7, 4, 0, 30, 45)


def test_pixel_phones_name_photos_in_utc() -> None:
    assert date_in("PXL_20190704_123045678.MP.jpg") == MOMENT.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    [
        "DSC_20190001.jpg",
        "DSC_2019.jpg",
        "IMG_1234.jpg",
        "IMG_12345678.jpg",
        "20190230.jpg",
        "1562243445000.jpg",
        "FB_IMG_1562243445000.jpg",
        "120190704.jpg",
        "2019070412.jpg",
        "20310101_120000.jpg",
        "19800101_000312.jpg",
        "scan_20190704.jpg",
        "Scan 2019-07-04.jpg",
        "1920-1080.jpg",
        "2019-07-041.jpg",
        "04-07-2019.jpg",
        "beach.jpg",
    ],
)
def test_numbers_that_are_no_date(name: str) -> None:
    assert date_in(name) is None


def test_a_name_that_is_no_text() -> None:
    taken = file_name_date(b"/p/\xff\xfe 2019-07-04.jpg", NOW)

    assert taken is not None
    assert taken.at == DAY
