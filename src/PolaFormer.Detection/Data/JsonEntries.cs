using System.Text;
using System.Text.Json;

namespace PolaFormer.Detection.Data;

/// <summary>Walks the lists of an object of JSON entry by entry: only one entry lies in memory at a time.</summary>
internal static class JsonEntries
{
    private const int FirstBuffer = 1 << 16;

    // A crowd of the largest image in runs of one pixel is shorter.
    private const int MaxEntry = 1 << 28;

    /// <summary>Calls for each entry of each list, with the list's name.</summary>
    /// <exception cref="JsonException">It is no JSON, no object, or one entry is too large.</exception>
    public static void Read(Stream stream, Action<string, JsonElement> take)
    {
        byte[] buffer = new byte[FirstBuffer];
        int length = 0, start = 0;
        bool isEnd = false;
        var state = new JsonReaderState(new JsonReaderOptions { MaxDepth = 32 });
        string? list = null, name = null;
        int depth = 0;
        while (true)
        {
            var reader = new Utf8JsonReader(buffer.AsSpan(start, length - start), isEnd, state);
            bool isWanting = false;
            while (!isWanting)
            {
                // An entry is taken whole, or more is read first.
                Utf8JsonReader entry = reader;
                if (!reader.Read())
                {
                    isWanting = true;
                    break;
                }

                if (depth == 0)
                {
                    if (reader.TokenType != JsonTokenType.StartObject)
                        throw new JsonException("The file holds no object.");
                    depth = 1;
                }
                else if (list is not null && reader.TokenType != JsonTokenType.EndArray)
                {
                    Utf8JsonReader whole = reader;
                    if (!whole.TrySkip())
                    {
                        reader = entry;
                        isWanting = true;
                        break;
                    }

                    using JsonDocument document = JsonDocument.ParseValue(ref reader);
                    take(list, document.RootElement);
                }
                else if (list is not null)
                {
                    list = null;
                }
                else if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    // Not decoded by the reader, which refuses what is no UTF-8 in another way than damaged JSON.
                    name = Encoding.UTF8.GetString(reader.ValueSpan);
                }
                else if (reader.TokenType == JsonTokenType.StartArray)
                {
                    list = name;
                }
                else if (reader.TokenType == JsonTokenType.StartObject && !Skipped(ref reader))
                {
                    reader = entry;
                    isWanting = true;
                }
            }

            state = reader.CurrentState;
            start += (int)reader.BytesConsumed;
            if (isEnd)
                return;
            isEnd = Refill(stream, ref buffer, ref start, ref length);
        }
    }

    private static bool Skipped(ref Utf8JsonReader reader)
    {
        Utf8JsonReader whole = reader;
        if (!whole.TrySkip())
            return false;
        reader.TrySkip();
        return true;
    }

    // Moves what is left to the front and reads on; twice the memory where nothing could be taken.
    private static bool Refill(Stream stream, ref byte[] buffer, ref int start, ref int length)
    {
        int left = length - start;
        if (left == buffer.Length)
        {
            if (buffer.Length >= MaxEntry)
                throw new JsonException("One entry is too large.");
            Array.Resize(ref buffer, 2 * buffer.Length);
        }

        buffer.AsSpan(start, left).CopyTo(buffer);
        (start, length) = (0, left);
        int read = stream.Read(buffer, length, buffer.Length - length);
        length += read;
        return read == 0;
    }
}
