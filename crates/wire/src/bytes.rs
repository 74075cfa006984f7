//! Bounds-checked cursors over byte buffers. `Reader` and `Writer` never panic and never allocate.

/// The buffer ended before the value did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated;

impl core::fmt::Display for Truncated {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the buffer ends before the value does")
    }
}
impl core::error::Error for Truncated {}

/// Reads values from the front of a byte slice.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the front of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
    /// What has not been read yet.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
    /// The next `N` bytes.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let (head, tail) = self.rest.split_first_chunk::<N>().ok_or(Truncated)?;
        self.rest = tail;
        Ok(*head)
    }
    /// One byte.
    pub fn u8(&mut self) -> Result<u8, Truncated> {
        self.take::<1>().map(|[b]| b)
    }
    /// Two bytes, big-endian.
    pub fn u16_be(&mut self) -> Result<u16, Truncated> {
        self.take().map(u16::from_be_bytes)
    }
    /// Four bytes, big-endian.
    pub fn u32_be(&mut self) -> Result<u32, Truncated> {
        self.take().map(u32::from_be_bytes)
    }
    /// Eight bytes, big-endian.
    pub fn u64_be(&mut self) -> Result<u64, Truncated> {
        self.take().map(u64::from_be_bytes)
    }
    /// Eight bytes, big-endian, two's complement.
    pub fn i64_be(&mut self) -> Result<i64, Truncated> {
        self.take().map(i64::from_be_bytes)
    }
    /// Two bytes, little-endian.
    pub fn u16_le(&mut self) -> Result<u16, Truncated> {
        self.take().map(u16::from_le_bytes)
    }
    /// Four bytes, little-endian.
    pub fn u32_le(&mut self) -> Result<u32, Truncated> {
        self.take().map(u32::from_le_bytes)
    }
    /// Eight bytes, little-endian, two's complement.
    pub fn i64_le(&mut self) -> Result<i64, Truncated> {
        self.take().map(i64::from_le_bytes)
    }
}

/// Writes values to the front of a byte buffer.
#[derive(Debug)]
pub struct Writer<'a> {
    buf: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// Starts at the front of `buf`.
    pub const fn new(buf: &'a mut [u8]) -> Self {
        Self { buf, len: 0 }
    }
    /// Bytes written so far.
    pub const fn len(&self) -> usize {
        self.len
    }
    /// What has been written so far.
    pub fn written(&self) -> &[u8] {
        &self.buf[..self.len]
    }
    /// Whether nothing has been written yet.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Appends `bytes`.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Truncated> {
        let end = self.len.checked_add(bytes.len()).ok_or(Truncated)?;
        self.buf.get_mut(self.len..end).ok_or(Truncated)?.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }
    /// Appends one byte.
    pub fn u8(&mut self, value: u8) -> Result<(), Truncated> {
        self.put(&[value])
    }
    /// Appends two bytes, big-endian.
    pub fn u16_be(&mut self, value: u16) -> Result<(), Truncated> {
        self.put(&value.to_be_bytes())
    }
    /// Appends four bytes, big-endian.
    pub fn u32_be(&mut self, value: u32) -> Result<(), Truncated> {
        self.put(&value.to_be_bytes())
    }
    /// Appends eight bytes, big-endian.
    pub fn u64_be(&mut self, value: u64) -> Result<(), Truncated> {
        self.put(&value.to_be_bytes())
    }
    /// Appends eight bytes, big-endian, two's complement.
    pub fn i64_be(&mut self, value: i64) -> Result<(), Truncated> {
        self.put(&value.to_be_bytes())
    }
    /// Appends two bytes, little-endian.
    pub fn u16_le(&mut self, value: u16) -> Result<(), Truncated> {
        self.put(&value.to_le_bytes())
    }
    /// Appends four bytes, little-endian.
    pub fn u32_le(&mut self, value: u32) -> Result<(), Truncated> {
        self.put(&value.to_le_bytes())
    }
    /// Appends eight bytes, little-endian, two's complement.
    pub fn i64_le(&mut self, value: i64) -> Result<(), Truncated> {
        self.put(&value.to_le_bytes())
    }
}
