namespace PolaFormer.Vision.Datasets;

/// <summary>A header block of a tar archive (POSIX ustar, GNU and V7).</summary>
internal readonly record struct TarHeader(char Type, string Name, string LinkName, long Size)
{
    public const int Bytes = 512;

    private const int ChecksumAt = 148, ChecksumBytes = 8;

    public bool IsFile => Type is '0' or '7' || Type == '\0' && !Name.EndsWith('/');

    public bool IsHardLink => Type == '1';

    public bool IsSymbolicLink => Type == '2';

    /// <summary>Whether bytes follow: not after links, devices, pipes and folders, whatever their size says.</summary>
    public bool HasData => Type is not (>= '1' and <= '6');

    /// <summary>What the block says; null where it is no header or damaged.</summary>
    public static TarHeader? Read(ReadOnlySpan<byte> block)
    {
        if (Number(block.Slice(ChecksumAt, ChecksumBytes)) is not { } checksum || !IsSum(checksum, block) || Number(block.Slice(124, 12)) is not { } size)
            return null;
        string name = Text(block[..100]);
        bool isPosix = block[257..].StartsWith("ustar\0"u8);
        if (isPosix && Text(block.Slice(345, 155)) is { Length: > 0 } prefix)
            name = $"{prefix}/{name}";
        return new((char)block[156], name, Text(block.Slice(157, 100)), size);
    }

    /// <summary>Whether it is the sum of the block's bytes, those of the checksum counted as blanks. Some old tools add signed bytes.</summary>
    private static bool IsSum(long checksum, ReadOnlySpan<byte> block)
    {
        long sum = ' ' * ChecksumBytes, signedSum = sum;
        for (int i = 0; i < Bytes; i++)
        {
            if (i is >= ChecksumAt and < ChecksumAt + ChecksumBytes)
                continue;
            sum += block[i];
            signedSum += (sbyte)block[i];
        }
        return checksum == sum || checksum == signedSum;
    }

    /// <summary>An octal number, or GNU's binary form; null for anything else and for negative ones.</summary>
    private static long? Number(ReadOnlySpan<byte> field)
    {
        long value = 0;
        if (field[0] == 0x80)
        {
            foreach (byte digit in field[1..])
            {
                if (value >> 55 != 0)
                    return null;
                value = (value << 8) | digit;
            }
            return value;
        }
        foreach (byte digit in UntilZero(field).Trim((byte)' '))
        {
            if (digit is < (byte)'0' or > (byte)'7')
                return null;
            value = (value << 3) | (uint)(digit - '0');
        }
        return value;
    }

    private static string Text(ReadOnlySpan<byte> field) => RawPath.Readable(UntilZero(field));

    private static ReadOnlySpan<byte> UntilZero(ReadOnlySpan<byte> field) => field.IndexOf((byte)0) is >= 0 and var end ? field[..end] : field;
}
