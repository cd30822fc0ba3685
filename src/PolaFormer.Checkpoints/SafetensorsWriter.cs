using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using PolaFormer.Checkpoints.Safetensors;
using PolaFormer.Files;

namespace PolaFormer.Checkpoints;

/// <summary>Writes safetensors files.</summary>
public static class SafetensorsWriter
{
    private const int Alignment = 8;

    /// <summary>
    /// Writes tensors, and strings to go with them. The header keeps the order given; the data lies in falling order of the
    /// elements' size, which aligns every tensor. The file appears under its name only when it is complete.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">The tensors.</param>
    /// <param name="metadata">The strings.</param>
    /// <param name="keepAs">Name under which a file of the path is kept; it is renamed only when the new one is complete.</param>
    /// <exception cref="ArgumentException">Two tensors have one name.</exception>
    /// <exception cref="FileException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<CheckpointTensor> tensors, IEnumerable<KeyValuePair<string, string>>? metadata = null, string? keepAs = null)
    {
        CheckpointTensor[] header = [.. tensors];
        CheckpointTensor[] data = [.. header.OrderByDescending(tensor => Tensors.DTypeExtensions.Size(tensor.DType))];
        Dictionary<string, long> offsets = new() { ["__metadata__"] = -1 };
        long position = 0;
        foreach (CheckpointTensor tensor in data)
        {
            if (!offsets.TryAdd(tensor.Name, position))
                throw new ArgumentException($"Two tensors are called {tensor.Name}.", nameof(tensors));
            position += tensor.ByteCount;
        }

        ArrayBufferWriter<byte> json = WriteHeader(header, offsets, metadata);
        OutputFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(length, json.WrittenCount);
            stream.Write(length);
            stream.Write(json.WrittenSpan);
            foreach (CheckpointTensor tensor in data)
                tensor.Stream(chunk => stream.Write(chunk.Span));
        }, keepAs);
    }

    private static ArrayBufferWriter<byte> WriteHeader(CheckpointTensor[] tensors, Dictionary<string, long> offsets, IEnumerable<KeyValuePair<string, string>>? metadata)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is not null)
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            foreach (CheckpointTensor tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", SafetensorsDType.Name(tensor.DType));
                json.WriteStartArray("shape");
                foreach (int extent in tensor.Shape.AsSpan())
                    json.WriteNumberValue(extent);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offsets[tensor.Name]);
                json.WriteNumberValue(offsets[tensor.Name] + tensor.ByteCount);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        int padding = -buffer.WrittenCount & (Alignment - 1);
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer;
    }
}
