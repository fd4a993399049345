"""Motion photos that tests make, as Google's cameras write them."""

_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" '
    'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" {}</rdf:Description></rdf:RDF></x:xmpmeta>'
)


def with_xmp(jpeg: bytes, described: str) -> bytes:
    """Return a JPEG with a packet of XMP, which says what follows the start of ``rdf:Description``."""
    data = b"http://ns.adobe.com/xap/1.0/\0" + _XMP.format(described).encode()
    return jpeg[:2] + b"\xff\xe1" + (len(data) + 2).to_bytes(2, "big") + data + jpeg[2:]


def motion_jpeg(jpeg: bytes, film: bytes) -> bytes:
    """Return a JPEG with a film behind the picture."""
    return with_xmp(jpeg, f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(film)}">') + film
