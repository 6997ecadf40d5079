"""Images in archives."""

import struct
import zlib
from zipfile import ZIP_DEFLATED, ZIP_STORED

from galaxy_sklearn.images._limits import InvalidImageError, check_bytes, decompress

LOCAL_HEADER = struct.Struct("<4s5H3I2H")
FLAGS, ENCRYPTED = 2, 1


class PackedImage(str):
    """The name of an image in a ZIP or tar archive, with its position in the archive.

    It can be used wherever the path of an image file can. Nothing is unpacked to disk.

    Parameters
    ----------
    name : str
        Archive and member, such as ``"shard.tar/3.jpg"``.
    archive : str
        Path of the archive.
    offset : int
        Position of the member in bytes: of its content in a tar file, of its header in a ZIP file.
    size : int
        Size in bytes within the archive, where it may be compressed.
    method : int, optional
        Compression method of a ZIP file; None for tar files.
    crc : int, optional
        CRC-32 of the content; None for tar files.

    See Also
    --------
    iter_images : List the images of an archive.

    Examples
    --------
    >>> from galaxy_sklearn.images import PackedImage
    >>> image = PackedImage("shard.tar/3.jpg", "shard.tar", offset=512, size=14000)
    >>> image, image.offset
    ('shard.tar/3.jpg', 512)
    """

    __slots__ = ("archive", "crc", "method", "offset", "size")

    def __new__(cls, name, archive, offset, size, method=None, crc=None):
        """Create the string and attach the position to it."""
        packed = super().__new__(cls, name)
        packed.archive, packed.offset, packed.size = archive, offset, size
        packed.method, packed.crc = method, crc
        return packed

    def __reduce__(self):
        return type(self), (
            str(self),
            self.archive,
            self.offset,
            self.size,
            self.method,
            self.crc,
        )

    def read(self, *, max_bytes=None):
        """Return the content.

        Parameters
        ----------
        max_bytes : int, optional
            Larger contents are refused before they are read or unpacked.

        Returns
        -------
        bytes
            The image file, decompressed.

        Raises
        ------
        FileNotFoundError
            If the archive does not exist.
        ValueError
            If the content is damaged, encrypted or too large.
        """
        with open(self.archive, "rb") as file:  # noqa: PTH123 - pathlib takes twice as long
            try:
                if self.method is None:
                    check_bytes(self.size, max_bytes)
                    file.seek(self.offset)
                    return file.read(self.size)
                return read_zip_member(
                    file, self.offset, self.size, self.method, self.crc, max_bytes=max_bytes
                )
            except InvalidImageError as error:
                raise ValueError(f"{self}: {error}.") from None
            except (OSError, ValueError) as error:  # a place that cannot be, or its content
                raise ValueError(f"{self}: the image is damaged ({error}).") from error


def read_zip_member(file, offset, size, method, crc, *, max_bytes=None):
    """Read a member of an open ZIP file.

    Parameters
    ----------
    file : file object
        The archive.
    offset : int
        Position of the member's header in bytes.
    size : int
        Compressed size in bytes.
    method : int
        Compression method.
    crc : int
        CRC-32 of the content.
    max_bytes : int, optional
        A larger content is refused before it is unpacked.

    Returns
    -------
    bytes
        The content.

    Raises
    ------
    ValueError
        If the content is damaged, encrypted or too large.

    References
    ----------
    .. [1] APPNOTE.TXT, .ZIP File Format Specification, section 4.3.7 (PKWARE), for the header
       before each member.

    Examples
    --------
    >>> import io, zipfile
    >>> from galaxy_sklearn.images import read_zip_member
    >>> file = io.BytesIO()
    >>> with zipfile.ZipFile(file, "w") as archive:
    ...     archive.writestr("3.jpg", b"pixels")
    ...     (info,) = archive.infolist()
    >>> read_zip_member(file, info.header_offset, info.compress_size, info.compress_type, info.CRC)
    b'pixels'
    """
    file.seek(offset)
    header = file.read(LOCAL_HEADER.size)
    if len(header) < LOCAL_HEADER.size:
        raise ValueError("the archive ends before it")
    fields = LOCAL_HEADER.unpack(header)
    if fields[FLAGS] & ENCRYPTED:
        raise InvalidImageError("expected an image, found encrypted data")
    check_bytes(size, max_bytes)
    file.read(sum(fields[-2:]))  # the name and the extra field
    content = file.read(size)
    try:
        if method == ZIP_DEFLATED:
            content = decompress(content, -zlib.MAX_WBITS, max_bytes)
        elif method != ZIP_STORED:
            raise ValueError(f"its compression method {method} is unknown")
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if zlib.crc32(content) != crc:
        raise ValueError("its checksum is wrong")
    return content
