using System.Text;
using System.Text.Unicode;

namespace PolaFormer.Vision.Datasets;

/// <summary>
/// Names of zip entries that do not say that they are UTF-8. A Mac writes UTF-8 all the same, and Windows code page 437, which the format
/// prescribes and Python reads: what is no UTF-8 is taken for that, in which no two names become one.
/// </summary>
internal sealed class ZipNames : Encoding
{
    public static readonly ZipNames Instance = new();

    private static readonly Encoding s_codePage437 = CodePagesEncodingProvider.Instance.GetEncoding(437)!;

    public override int GetMaxByteCount(int charCount) => UTF8.GetMaxByteCount(charCount);

    public override int GetMaxCharCount(int byteCount) => UTF8.GetMaxCharCount(byteCount);

    public override int GetByteCount(char[] chars, int index, int count) => UTF8.GetByteCount(chars, index, count);

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => UTF8.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

    public override int GetCharCount(byte[] bytes, int index, int count) => Of(bytes.AsSpan(index, count)).GetCharCount(bytes, index, count);

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        Of(bytes.AsSpan(byteIndex, byteCount)).GetChars(bytes, byteIndex, byteCount, chars, charIndex);

    private static Encoding Of(ReadOnlySpan<byte> name) => Utf8.IsValid(name) ? UTF8 : s_codePage437;
}
