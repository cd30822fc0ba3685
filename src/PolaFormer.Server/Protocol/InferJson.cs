using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using PolaFormer.Server.Models;

namespace PolaFormer.Server.Protocol;

/// <summary>
/// Requests and responses of the Open Inference Protocol in JSON, with the extension for binary tensors: their bytes follow the JSON, in
/// order, and <c>Inference-Header-Content-Length</c> says where it ends.
/// </summary>
internal static class InferJson
{
    private const int MaxDepth = 16, MaxTensors = 16;

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = MaxDepth };

    /// <summary>Reads a request.</summary>
    /// <param name="body">The whole body.</param>
    /// <param name="jsonLength">Bytes of the JSON; null for all.</param>
    /// <exception cref="ServingException">It is no such request.</exception>
    public static InferRequest Read(ReadOnlyMemory<byte> body, int? jsonLength)
    {
        if (jsonLength is { } length && (length < 0 || length > body.Length))
            throw ServingException.BadRequest("Inference-Header-Content-Length is not a length within the body.");
        return Parsed(body[..(jsonLength ?? body.Length)], root => Read(root, body[(jsonLength ?? body.Length)..].Span));
    }

    /// <summary>A flag of an object; false where it is missing.</summary>
    /// <exception cref="ServingException">It is no object, or the property no flag.</exception>
    public static bool ReadFlag(ReadOnlyMemory<byte> body, string name) => Parsed(body, root => root.TryGetProperty(name, out JsonElement value) && value.GetBoolean());

    /// <summary>What is read of a document.</summary>
    /// <exception cref="ServingException">It is not of the form that is read.</exception>
    public static T Parsed<T>(ReadOnlyMemory<byte> body, Func<JsonElement, T> read)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, s_options);
            return read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            // What the parser says quotes positions alone; a property of another kind says less.
            throw ServingException.BadRequest(error is JsonException json ? $"The body is no JSON of the protocol (line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1})." : "The body is no JSON of the protocol: a property has a value of another kind.");
        }
    }

    /// <summary>Writes a response.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="model">Name of the model.</param>
    /// <param name="version">Its version.</param>
    /// <param name="request">What was asked.</param>
    /// <param name="outputs">The tensors.</param>
    /// <returns>Bytes of the JSON where bytes of tensors follow; null where none do.</returns>
    public static int? Write(IBufferWriter<byte> output, string model, string version, InferRequest request, IReadOnlyList<InferTensor> outputs)
    {
        var binary = new List<byte[]>();
        long written;
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("model_name", model);
            writer.WriteString("model_version", version);
            if (request.Id.Length > 0)
                writer.WriteString("id", request.Id);
            writer.WriteStartArray("outputs");
            foreach (InferTensor tensor in outputs)
                Write(writer, tensor, request, binary);
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.Flush();
            written = writer.BytesCommitted;
        }

        foreach (byte[] bytes in binary)
            output.Write(bytes);
        return binary.Count > 0 ? (int)written : null;
    }

    private static InferRequest Read(JsonElement root, ReadOnlySpan<byte> binary)
    {
        JsonElement inputs = root.TryGetProperty("inputs", out JsonElement given) ? given : throw ServingException.BadRequest("The request has no 'inputs'.");
        if (inputs.GetArrayLength() > MaxTensors)
            throw ServingException.BadRequest($"The request has more than {MaxTensors} inputs.");
        var tensors = new List<InferTensor>();
        foreach (JsonElement input in inputs.EnumerateArray())
            tensors.Add(ReadTensor(input, ref binary));
        if (!binary.IsEmpty)
            throw ServingException.BadRequest($"{binary.Length} bytes behind the JSON belong to no input.");
        var outputs = new List<RequestedOutput>();
        if (root.TryGetProperty("outputs", out JsonElement wanted))
        {
            if (wanted.GetArrayLength() > MaxTensors)
                throw ServingException.BadRequest($"The request asks for more than {MaxTensors} outputs.");
            foreach (JsonElement output in wanted.EnumerateArray())
                outputs.Add(new RequestedOutput(TextOf(output, "name"), Parameter(output, "binary_data") is { } isBinary ? isBinary.GetBoolean() : null));
        }

        return new InferRequest(tensors, outputs)
        {
            Id = root.TryGetProperty("id", out JsonElement id) ? id.GetString() ?? "" : "",
            Timeout = Parameter(root, "timeout") is { } microseconds ? TimeoutOf(microseconds.GetInt64()) : null,
            IsBinary = Parameter(root, "binary_data_output")?.GetBoolean() ?? false,
        };
    }

    /// <summary>A time limit in microseconds, as the protocol's servers take it.</summary>
    /// <exception cref="ServingException">It is not positive.</exception>
    public static TimeSpan TimeoutOf(long microseconds) => microseconds > 0 && microseconds < TimeSpan.MaxValue.TotalMicroseconds / 2
        ? TimeSpan.FromMicroseconds(microseconds)
        : throw ServingException.BadRequest("The parameter 'timeout' is no positive number of microseconds.");

    private static InferTensor ReadTensor(JsonElement input, ref ReadOnlySpan<byte> binary)
    {
        string name = TextOf(input, "name"), datatype = TextOf(input, "datatype");
        long[] shape = [.. Property(input, "shape").EnumerateArray().Select(extent => extent.GetInt64())];
        if (Parameter(input, "binary_data_size") is { } size)
        {
            int length = size.GetInt32();
            if (length < 0 || length > binary.Length)
                throw ServingException.BadRequest($"'{InferTensor.Shown(name)}' asks for {length} bytes behind the JSON, and there are {binary.Length}.");
            InferTensor tensor = InferTensor.FromBytes(name, datatype, shape, binary[..length]);
            binary = binary[length..];
            return tensor;
        }

        int count = InferTensor.CountOf(name, shape);
        JsonElement data = Property(input, "data");
        return datatype switch
        {
            "FP32" => new InferTensor(name, datatype, shape, Numbers(name, data, count, element => element.GetSingle())),
            "UINT8" => new InferTensor(name, datatype, shape, Numbers(name, data, count, element => element.GetByte())),
            "BYTES" => new InferTensor(name, datatype, shape, Numbers(name, data, count, element => BytesOf(name, element))),
            _ => throw ServingException.BadRequest($"The type {InferTensor.Shown(datatype)} of '{InferTensor.Shown(name)}' is not taken; send FP32, UINT8 or BYTES."),
        };
    }

    // JSON has no bytes: an image file is base64 there, a text is itself.
    private static byte[] BytesOf(string input, JsonElement element)
    {
        if (input != ServedModel.ImageInput)
            return Encoding.UTF8.GetBytes(element.GetString() ?? "");
        return element.TryGetBytesFromBase64(out byte[]? bytes) ? bytes : throw ServingException.BadRequest($"An element of '{ServedModel.ImageInput}' is no base64.");
    }

    // Flat, or nested as the shape is.
    private static T[] Numbers<T>(string name, JsonElement data, int count, Func<JsonElement, T> read)
    {
        var values = new List<T>();
        Collect(data);
        return values.Count == count ? [.. values] : throw ServingException.BadRequest($"'{InferTensor.Shown(name)}' has {values.Count} elements, and its shape asks for {count}.");

        void Collect(JsonElement element)
        {
            if (element.ValueKind != JsonValueKind.Array)
                values.Add(read(element));
            else
            {
                foreach (JsonElement part in element.EnumerateArray())
                    Collect(part);
            }
        }
    }

    private static void Write(Utf8JsonWriter writer, InferTensor tensor, InferRequest request, List<byte[]> binary)
    {
        bool isBinary = request.Outputs.FirstOrDefault(output => output.Name == tensor.Name)?.IsBinary ?? request.IsBinary;
        writer.WriteStartObject();
        writer.WriteString("name", tensor.Name);
        writer.WriteString("datatype", tensor.Datatype);
        writer.WriteStartArray("shape");
        foreach (long extent in tensor.Shape)
            writer.WriteNumberValue(extent);
        writer.WriteEndArray();
        if (isBinary)
        {
            byte[] bytes = tensor.ToBytes();
            binary.Add(bytes);
            writer.WriteStartObject("parameters");
            writer.WriteNumber("binary_data_size", bytes.Length);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteStartArray("data");
            WriteData(writer, tensor.Data);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteData(Utf8JsonWriter writer, Array data)
    {
        switch (data)
        {
            case float[] values:
                foreach (float value in values)
                    writer.WriteNumberValue(value);
                break;
            case long[] values:
                foreach (long value in values)
                    writer.WriteNumberValue(value);
                break;
            case byte[] values:
                foreach (byte value in values)
                    writer.WriteNumberValue(value);
                break;
            default:
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"No output has elements of {data.GetType().Name}."));
        }
    }

    private static JsonElement Property(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? value : throw ServingException.BadRequest($"An input has no '{name}'.");

    private static string TextOf(JsonElement element, string name) => Property(element, name).GetString() ?? throw ServingException.BadRequest($"'{name}' is null.");

    private static JsonElement? Parameter(JsonElement element, string name) =>
        element.TryGetProperty("parameters", out JsonElement parameters) && parameters.TryGetProperty(name, out JsonElement value) ? value : null;
}
