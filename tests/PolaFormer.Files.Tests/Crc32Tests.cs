using System.Text;

namespace PolaFormer.Files.Tests;

public class Crc32Tests
{
    [Fact]
    public void TheCheckValueOfTheStandardIsMet() => Assert.Equal(0xCBF43926, Crc32.Append(0, Encoding.ASCII.GetBytes("123456789")));

    [Fact]
    public void FoldingEqualsTheTables()
    {
        Random random = new(1);
        for (int round = 0; round < 500; round++)
        {
            byte[] bytes = new byte[random.Next(400)];
            random.NextBytes(bytes);
            uint start = (uint)random.NextInt64(1L << 32);
            Assert.Equal(~Crc32.AppendByTable(~start, bytes), Crc32.Append(start, bytes));
        }
    }

    [Fact]
    public void PiecesGiveTheChecksumOfTheWhole()
    {
        byte[] bytes = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * i))];
        for (int cut = 0; cut <= bytes.Length; cut += 13)
            Assert.Equal(Crc32.Append(0, bytes), Crc32.Append(Crc32.Append(0, bytes.AsSpan(0, cut)), bytes.AsSpan(cut)));
    }
}
