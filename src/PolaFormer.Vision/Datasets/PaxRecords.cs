using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace PolaFormer.Vision.Datasets;

/// <summary>What an extended header of a tar archive says of the entry behind it, or of all that follow: lines of <c>length key=value</c>.</summary>
internal sealed record PaxRecords(string? Name = null, string? LinkName = null, long? Size = null, bool IsSparse = false)
{
    /// <summary>Reads the records; null where they are damaged.</summary>
    /// <param name="data">The header's bytes.</param>
    /// <param name="defaults">What holds where they say nothing.</param>
    public static PaxRecords? Read(ReadOnlySpan<byte> data, PaxRecords defaults)
    {
        PaxRecords records = defaults;
        while (!data.IsEmpty && data[0] != 0)
        {
            if (!Utf8Parser.TryParse(data, out int length, out int digits) || length < digits + 3 || length > data.Length || data[digits] != ' ' || data[length - 1] != '\n')
                return null;
            ReadOnlySpan<byte> record = data[(digits + 1)..(length - 1)];
            int equals = record.IndexOf((byte)'=');
            if (equals < 0)
                return null;
            string key = Encoding.ASCII.GetString(record[..equals]), value = RawPath.Readable(record[(equals + 1)..]);
            data = data[length..];
            if (key == "path")
                records = records with { Name = value };
            else if (key == "linkpath")
                records = records with { LinkName = value };
            else if (key.StartsWith("GNU.sparse.", StringComparison.Ordinal))
                records = records with { IsSparse = true };
            else if (key == "size")
            {
                if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long size))
                    return null;
                records = records with { Size = size };
            }
        }
        return records;
    }
}
