"""Chooses frames of a film: keyframes where they are dense, frames at a steady rate elsewhere, and cuts.

A keyframe is decoded alone. Where the next one is too far away, all that other frames need is decoded. Each
choice depends only on what is shortly before it, so that a film can be resumed anywhere.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from pipeline.decoding.films.film_cuts import GREY_SIZE, CutDetector, Grey
from pipeline.decoding.films.film_stream import FilmPacket, FilmStream, bytes_of

_FAR = 1.5
"""Keyframes further apart, in times of the wanted distance of frames, are too far apart."""

_NEAR = 0.75
"""A keyframe so far behind the one before it is wanted, in times of the same."""

_QUARTER = 4
"""Of very dense keyframes, one is decoded in each quarter of the wanted distance, to look for cuts."""

_SOON = 0.4
"""Frames so soon after a cut, in times of the wanted distance, show what its first frame shows."""

_MOST_BUFFERED = 64 << 20
"""Bytes of packets that wait until the next keyframe shows whether they are needed."""

_WARM_UP = 2.0
"""A resumed film is decoded from so far before, in times of the wanted distance of frames."""

_MOST_BEFORE_KEY = 600
"""Packets without a keyframe: some films have none but refresh a part of each frame in turn."""

_ASTRAY = 0.25
"""Seconds by which a film may end before what is asked of it."""

ROUNDING = 0.0006
"""Moments are given to a millisecond."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A chosen frame, when it is shown, and whether a cut lies between it and the one chosen before."""

    frame: VideoFrame
    moment: float
    after_cut: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """A keyframe, and the packets before the next one; ``is_long`` if that is too far away."""

    moment: float
    packets: Iterator[FilmPacket]
    is_long: bool


class FilmSampler:
    """Chooses the frames of one film, once.

    Attributes:
        reached: The moment up to which the film has been read, in seconds.
    """

    def __init__(self, stream: FilmStream, per_second: float) -> None:
        self._stream = stream
        self._rate = per_second
        self._reformatter = VideoReformatter()
        self._begin()

    def _begin(self) -> None:
        self.reached = 0.0
        self._last_key: float | None = None
        self._was_long = False
        self._slot = -1
        self._run_start = 0.0
        self._cuts = CutDetector()
        self._cut = False
        self._last_cut = -math.inf
        self._unseen: list[FilmPacket] = []

    def samples(self, start: float) -> Iterator[Sample | None]:
        """Yield the chosen frames, ``None`` now and then.

        Those before ``start`` come from decoding what later ones need, and are not all that are there.
        """
        slot_start = math.floor(start * self._rate) / self._rate
        yield from self._samples_of(self._packets_from(slot_start - _WARM_UP / self._rate))
        if self._has_missed(start):
            self._begin()
            yield from self._samples_of(self._packets_from(0.0))

    def frame_at(self, moment: float) -> Iterator[Sample | None]:
        """Yield ``None`` while the frame that is shown at a moment is looked for, and then that frame."""
        shown = None
        for each in self._shown_at(moment, self._packets_from(moment)):
            shown = each
            yield None
        if self._has_missed(moment):
            self._begin()
            for each in self._shown_at(moment, self._packets_from(0.0)):
                shown = each
                yield None
        if shown is not None:
            yield shown

    def _has_missed(self, moment: float) -> bool:
        """Return whether the film seems to end before a moment only because seeking has led astray.

        It does where recordings were joined, each with its own clock.
        """
        missed = moment > 0 and self.reached < moment - _ASTRAY
        return missed and self._stream.rewind()

    def _samples_of(self, packets: Iterator[FilmPacket]) -> Iterator[Sample | None]:
        for group in self._groups(packets):
            yield from self._all_of(group) if group.is_long else self._key_of(group)
            self._last_key, self._was_long = group.moment, group.is_long
        if self._was_long:
            yield from self._drained()

    def _shown_at(self, moment: float, packets: Iterator[FilmPacket]) -> Iterator[Sample | None]:
        """Yield the last frame up to a moment so far, or the first of all, for each packet."""
        shown: Sample | None = None
        begun: float | None = None
        for packet in chain(self._watched(self._from_key(packets)), [None]):
            if begun is None and packet is not None:
                begun = self._stream.moment_of(packet)
            for frame in self._stream.decode(packet):
                at = self._stream.moment_of(frame)
                if at is None or (begun is not None and at < begun):
                    continue
                if shown is not None and at > moment + ROUNDING:
                    yield shown
                    return
                shown = Sample(frame, at, False)
            yield shown

    def _packets_from(self, moment: float) -> Iterator[FilmPacket]:
        """Yield packets from a keyframe at or before a moment, or from the start of the film."""
        back = 0.0
        while moment - back > 0 and self._stream.seek(moment - back):
            packets = self._stream.packets()
            first = next((each for each in packets if each.is_keyframe), None)
            if first is not None and (self._stream.moment_of(first) or 0.0) <= moment + ROUNDING:
                return chain([first], packets)
            back = 2 * back + 1
        if back:
            self._stream.rewind()
        return self._stream.packets()

    def _groups(self, packets: Iterator[FilmPacket]) -> Iterator[_Group]:
        limit = _FAR / self._rate
        packets = self._watched(self._from_key(packets))
        key = next(packets, None)
        while key is not None:
            begun = self._stream.moment_of(key) or 0.0
            buffered, size, following, is_long = [key], key.size, None, False
            for packet in packets:
                if packet.is_keyframe:
                    following = packet
                    break
                buffered.append(packet)
                size += packet.size
                at = self._stream.moment_of(packet)
                if size > _MOST_BUFFERED or (at is not None and at - begun > limit):
                    is_long = True
                    break
            if following is not None:
                is_long = (self._stream.moment_of(following) or begun) - begun > limit
            rest = _UntilKey(packets if is_long and following is None else iter(()))
            yield _Group(begun, chain(buffered, rest), is_long)
            key = following or rest.key

    @staticmethod
    def _from_key(packets: Iterator[FilmPacket]) -> Iterator[FilmPacket]:
        """Yield packets from the first keyframe on; all if none is marked for long."""
        before = []
        for packet in packets:
            if packet.is_keyframe:
                return chain([packet], packets)
            before.append(packet)
            if len(before) == _MOST_BEFORE_KEY:
                break
        return chain(before, packets)

    def _watched(self, packets: Iterator[FilmPacket]) -> Iterator[FilmPacket]:
        for packet in packets:
            self.reached = max(self.reached, self._stream.end_of(packet) or 0.0)
            yield packet

    def _key_of(self, group: _Group) -> Iterator[Sample | None]:
        """Decode the keyframe of a short group, unless one shortly before it was decoded."""
        if self._was_long:
            yield from self._drained()
        elif self._last_key is not None and self._quarter(group.moment) == self._quarter(self._last_key):
            self._keep(group)
            yield None
            return
        packets = list(group.packets)
        yield from self._looked_at(packets[0], group.moment)
        self._unseen = packets

    def _all_of(self, group: _Group) -> Iterator[Sample | None]:
        """Decode all of a long group that other frames need."""
        if not self._was_long:
            key = next(group.packets)
            yield from self._looked_at(key, group.moment)
            self._unseen = []
            self._run_start = group.moment
            self._stream.skip_frames("NONREF")
            self._stream.decode(key)
        for packet in group.packets:
            yield None
            yield from self._decoded(packet)

    def _looked_at(self, key: FilmPacket, moment: float) -> Iterator[Sample | None]:
        """Decode a keyframe alone; look at what is before it if a cut may lie there."""
        self._stream.restart()
        frames = self._stream.decode(key) + self._stream.decode(None)
        self._stream.restart()
        for frame in frames[:1]:
            grey = self._grey_copy(frame)
            if not self._was_long:
                if self._cuts.may_have_missed(grey):
                    yield from self._between(moment)
                else:
                    self._cuts.skip_to(grey)
            distance = math.inf if self._last_key is None else moment - self._last_key
            yield self._considered(frame, grey, moment, distance >= _NEAR / self._rate and not self._was_long)

    def _between(self, until: float) -> Iterator[Sample | None]:
        """Look for cuts between the last decoded keyframe and the next, at the moment ``until``."""
        self._stream.skip_frames("NONREF")
        since = self._stream.moment_of(self._unseen[0]) if self._unseen else None
        for packet in chain(self._unseen, [None]):
            for frame in self._stream.decode(packet):
                moment = self._stream.moment_of(frame)
                if moment is None or since is None or not since < moment < until:
                    continue
                if self._cuts.is_cut(self._grey_copy(frame)):
                    yield self._given(frame, moment, True)
            yield None
        self._stream.skip_frames("DEFAULT")
        self._stream.restart()

    def _quarter(self, moment: float) -> int:
        return math.floor(moment * self._rate * _QUARTER + 0.01)

    def _keep(self, group: _Group) -> None:
        """Keep packets that are not decoded yet, but not too many: a cut among those is found later."""
        self._unseen += group.packets
        if sum(each.size for each in self._unseen) > _MOST_BUFFERED:
            self._unseen = []

    def _decoded(self, packet: FilmPacket | None) -> Iterator[Sample | None]:
        for frame in self._stream.decode(packet):
            moment = self._stream.moment_of(frame)
            if moment is not None and moment > self._run_start:
                yield self._considered(frame, self._grey_copy(frame), moment, False)

    def _drained(self) -> Iterator[Sample | None]:
        yield from self._decoded(None)
        self._stream.restart()
        self._stream.skip_frames("DEFAULT")

    def _considered(self, frame: VideoFrame, grey: Grey, moment: float, wanted: bool) -> Sample | None:
        """Return a frame if it is the first in its slot, or wanted anyway, or the first of a scene."""
        cut = self._cuts.is_cut(grey)
        soon = moment - self._last_cut < _SOON / self._rate
        first = not soon and self._slot_of(moment) != self._slot
        if first:
            self._slot = self._slot_of(moment)
        self._cut = self._cut or cut
        return self._given(frame, moment, cut) if first or wanted or cut else None

    def _given(self, frame: VideoFrame, moment: float, cut: bool) -> Sample:
        after_cut, self._cut = self._cut or cut, False
        if cut:
            self._last_cut = moment
        self._slot = self._slot_of(moment)
        return Sample(frame, moment, after_cut)

    def _slot_of(self, moment: float) -> int:
        return math.floor(moment * self._rate + 0.01)

    def _grey_copy(self, frame: VideoFrame) -> Grey:
        width, height = GREY_SIZE
        small = self._reformatter.reformat(
            frame, width, height, "gray", interpolation=Interpolation.AREA, threads=1
        )
        grey: Grey = bytes_of(small)[:, :width].astype(np.float32)
        return grey


class _UntilKey:
    """Iterates over packets up to the next keyframe, which it keeps."""

    def __init__(self, packets: Iterator[FilmPacket]) -> None:
        self._packets = packets
        self.key: FilmPacket | None = None

    def __iter__(self) -> Iterator[FilmPacket]:
        for packet in self._packets:
            if packet.is_keyframe:
                self.key = packet
                return
            yield packet
