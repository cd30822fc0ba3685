using System.Buffers;
using System.Buffers.Binary;
using System.Collections;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Pickle;

/// <summary>Writes plain data and tensors as a pickle of protocol 2, the one <c>torch.save</c> uses. Collects the tensors' data for the archive.</summary>
internal sealed class PickleWriter
{
    private const int MaxDepth = 100;

    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly List<CheckpointTensor> _storages = [];
    private int _depth;

    private PickleWriter()
    {
    }

    /// <summary>Writes one value; storage number i, under the key i, is the data of tensor i.</summary>
    /// <exception cref="ArgumentException">A value cannot be written, or contains itself.</exception>
    public static (ReadOnlyMemory<byte> Pickle, IReadOnlyList<CheckpointTensor> Storages) Write(object? value)
    {
        PickleWriter writer = new();
        writer.Raw([0x80, 2]);
        writer.Value(value);
        writer.Raw('.');
        return (writer._buffer.WrittenMemory, writer._storages);
    }

    private void Value(object? value)
    {
        if (++_depth > MaxDepth)
            throw new ArgumentException($"The data is nested more than {MaxDepth} levels deep, or contains itself.");
        switch (value)
        {
            case null or PickledNone: Raw('N'); break;
            case bool flag: Raw(flag ? '\x88' : '\x89'); break;
            case sbyte or byte or short or ushort or int or uint or long: Integer(Convert.ToInt64(value, null)); break;
            case BigInteger number: Long(number); break;
            case float number: Double(number); break;
            case double number: Double(number); break;
            case string text: Text(text); break;
            case PickledType type: Text(type.Name); break;
            case byte[] bytes: Bytes(bytes); break;
            case CheckpointTensor tensor: Tensor(tensor); break;
            case StoredTensor tensor: Tensor(new CheckpointTensor(string.Empty, tensor.DType, tensor.Shape, tensor.ReadBytes)); break;
            case IEnumerable<CheckpointTensor> stateDict: StateDict(stateDict); break;
            case PickledDictionary { IsUnread: true } placeholder: Text(placeholder.TypeName); break;
            case PickledDictionary dictionary: Dictionary(dictionary); break;
            case IEnumerable<KeyValuePair<string, object?>> entries: Dictionary(entries.Select(entry => KeyValuePair.Create((object)entry.Key, entry.Value))); break;
            case IDictionary dictionary: Dictionary(Entries(dictionary)); break;
            case PickledList { TypeName: "tuple" or "torch.Size" } tuple: Tuple(tuple); break;
            case ITuple tuple: Tuple(Enumerable.Range(0, tuple.Length).Select(i => tuple[i])); break;
            case PickledList { TypeName: "set" or "frozenset" } set: Set(set); break;
            case IEnumerable list: List(list); break;
            default: throw new ArgumentException($"A value of type {value.GetType().Name} cannot be written to a checkpoint.");
        }
        _depth--;
    }

    private void StateDict(IEnumerable<CheckpointTensor> tensors)
    {
        HashSet<string> names = [];
        Name("collections", "OrderedDict");
        Raw(")R("u8);
        foreach (CheckpointTensor tensor in tensors)
        {
            if (!names.Add(tensor.Name))
                throw new ArgumentException($"Two tensors are called {tensor.Name}.");
            Text(tensor.Name);
            Tensor(tensor);
        }
        Raw('u');
    }

    /// <summary>_rebuild_tensor_v2(storage, offset 0, size, strides, requires_grad False, no hooks).</summary>
    private void Tensor(CheckpointTensor tensor)
    {
        Name("torch._utils", "_rebuild_tensor_v2");
        Raw("(("u8);
        Text("storage");
        Name("torch", StorageName(tensor.DType));
        Text(_storages.Count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Text("cpu");
        Integer(tensor.Shape.Count);
        Raw("tQ"u8);
        _storages.Add(tensor);

        Integer(0);
        Raw('(');
        foreach (int extent in tensor.Shape.AsSpan())
            Integer(extent);
        Raw("t("u8);
        for (int d = 1; d <= tensor.Shape.Rank; d++)
            Integer(tensor.Shape.CountOf(d, tensor.Shape.Rank));
        Raw('t');
        Raw('\x89');
        Name("collections", "OrderedDict");
        Raw(")RtR"u8);
    }

    private void Dictionary(IEnumerable<KeyValuePair<object, object?>> entries)
    {
        Raw("}("u8);
        foreach ((object key, object? value) in entries)
        {
            Value(key);
            Value(value);
        }
        Raw('u');
    }

    private static IEnumerable<KeyValuePair<object, object?>> Entries(IDictionary dictionary)
    {
        for (IDictionaryEnumerator entries = dictionary.GetEnumerator(); entries.MoveNext();)
            yield return KeyValuePair.Create(entries.Key, entries.Value);
    }

    private void List(IEnumerable items)
    {
        Raw("]("u8);
        foreach (object? item in items)
            Value(item);
        Raw('e');
    }

    private void Tuple(IEnumerable<object?> items)
    {
        Raw('(');
        foreach (object? item in items)
            Value(item);
        Raw('t');
    }

    private void Set(PickledList items)
    {
        Name("__builtin__", items.TypeName);
        Raw('(');
        List(items);
        Raw("tR"u8);
    }

    /// <summary>Protocol 2 has no bytes: they are the characters 0 to 255, encoded on loading.</summary>
    private void Bytes(byte[] bytes)
    {
        Name("_codecs", "encode");
        Raw('(');
        Text(Encoding.Latin1.GetString(bytes));
        Text("latin1");
        Raw("tR"u8);
    }

    private void Integer(long value)
    {
        Span<byte> bytes = stackalloc byte[5];
        switch (value)
        {
            case >= 0 and <= byte.MaxValue:
                Raw([(byte)'K', (byte)value]);
                break;
            case >= int.MinValue and <= int.MaxValue:
                bytes[0] = (byte)'J';
                BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], (int)value);
                Raw(bytes);
                break;
            default:
                Long(value);
                break;
        }
    }

    private void Long(BigInteger value)
    {
        byte[] bytes = value.ToByteArray();
        if (bytes.Length > byte.MaxValue)
            throw new ArgumentException($"An integer of {bytes.Length} bytes is too large for a checkpoint.");
        Raw([0x8a, (byte)bytes.Length]);
        Raw(bytes);
    }

    private void Double(double value)
    {
        Span<byte> bytes = stackalloc byte[9];
        bytes[0] = (byte)'G';
        BinaryPrimitives.WriteDoubleBigEndian(bytes[1..], value);
        Raw(bytes);
    }

    private void Text(string text)
    {
        Span<byte> header = stackalloc byte[5];
        header[0] = (byte)'X';
        BinaryPrimitives.WriteInt32LittleEndian(header[1..], Encoding.UTF8.GetByteCount(text));
        Raw(header);
        Encoding.UTF8.GetBytes(text, _buffer);
    }

    private void Name(string module, string name) => Raw(Encoding.UTF8.GetBytes($"c{module}\n{name}\n"));

    private void Raw(char opcode) => Raw([(byte)opcode]);

    private void Raw(ReadOnlySpan<byte> bytes) => _buffer.Write(bytes);

    private static string StorageName(DType type) => type switch
    {
        DType.Float32 => "FloatStorage",
        DType.Float64 => "DoubleStorage",
        DType.Float16 => "HalfStorage",
        DType.BFloat16 => "BFloat16Storage",
        DType.Int64 => "LongStorage",
        DType.Int32 => "IntStorage",
        DType.Int16 => "ShortStorage",
        DType.Int8 => "CharStorage",
        DType.UInt8 => "ByteStorage",
        DType.Bool => "BoolStorage",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown element type."),
    };
}
