using System.Numerics;
using System.Runtime.InteropServices;

namespace PolaFormer.Checkpoints.Pickle;

/// <summary>
/// Reads pickles of protocols 0 to 5 (the format: Python's <c>pickletools</c>) as data. No name in a pickle leads to code:
/// the names in <see cref="AllowedNames"/> stand for a few constructions of plain values, those known to run code end the
/// reading, and what any other name would make is a placeholder.
/// Memory and time stay in proportion to the bytes read.
/// </summary>
internal ref partial struct Unpickler
{
    /// <summary>A genuine pickle has about 100 bytes a tensor.</summary>
    public const int MaxBytes = 32 << 20;

    private const int MaxContainers = 2_000_000;
    private const int MaxLongBytes = 1024;

    /// <summary>Bytes that repeated copies may take for each byte read.</summary>
    private const long CopyAllowance = 64;

    private static readonly object s_unset = new();

    // What takes a byte or two in a file takes no object of its own.
    private static readonly object s_true = true, s_false = false;
    private static readonly object[] s_small = [.. Enumerable.Range(0, 256).Select(value => (object)(long)value)];

    private readonly IStorageSource? _storages;
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly List<object?> _memo = [];
    private PickleReader _reader;
    private readonly List<string> _notRead = [];
    private int _containers;
    private long _copied;

    /// <param name="input">The pickle, and whatever follows it.</param>
    /// <param name="file">The file, for messages.</param>
    /// <param name="part">The part of the file the pickle is, for messages.</param>
    /// <param name="storages">Where the tensors' data is; null where there must be none.</param>
    public Unpickler(ReadOnlySpan<byte> input, string file, string part, IStorageSource? storages)
    {
        _reader = new PickleReader(input, file, part);
        _storages = storages;
    }

    /// <summary>Bytes read so far: after <see cref="Load"/>, the length of the pickle.</summary>
    public readonly int Position => _reader.Position;

    /// <summary>The names met that mean nothing here, the first hundred.</summary>
    public readonly IReadOnlyList<string> NotRead => _notRead;

    /// <summary>Reads one pickle and returns its value; objects of unknown classes are placeholders in it.</summary>
    /// <exception cref="CheckpointException">It is damaged, or names something that runs code.</exception>
    public object? Load()
    {
        while (true)
        {
            char opcode = (char)_reader.Byte();
            if (opcode == '.')
                break;
            Execute(opcode);
        }

        object? value = Pop();
        if (PickleGraph.FindFault(value, (1 << 16) + (8L * Position)) is { } fault)
            throw Fault($"the data {fault}");
        return value;
    }

    private void Execute(char opcode)
    {
        switch (opcode)
        {
            // The stack and its marks.
            case '(': _marks.Add(_stack.Count); break;
            case '0': PopOrMark(); break;
            case '1': PopToMark(); break;
            case '2': Push(Peek()); break;

            // Numbers and constants.
            case 'N': Push(null); break;
            case '\x88': Push(s_true); break;
            case '\x89': Push(s_false); break;
            case 'J': Push((long)_reader.Int32()); break;
            case 'K': Push(s_small[_reader.Byte()]); break;
            case 'M': Push((long)_reader.UInt16()); break;
            case 'G': Push(_reader.DoubleBigEndian()); break;
            case '\x8a': Push(Long(_reader.Byte())); break;
            case '\x8b': Push(Long(_reader.UInt32())); break;
            case 'I' or 'L' or 'F' or 'S' or 'V': Push(TextValue(opcode)); break;

            // Strings and bytes.
            case 'X': Push(_reader.Utf8(_reader.UInt32())); break;
            case '\x8c': Push(_reader.Utf8(_reader.Byte())); break;
            case '\x8d': Push(_reader.Utf8(_reader.UInt64())); break;
            case 'T': Push(_reader.Latin1(_reader.UInt32())); break;
            case 'U': Push(_reader.Latin1(_reader.Byte())); break;
            case 'B': Push(_reader.Bytes(_reader.UInt32()).ToArray()); break;
            case 'C': Push(_reader.Bytes(_reader.Byte()).ToArray()); break;
            case '\x8e' or '\x96': Push(_reader.Bytes(_reader.UInt64()).ToArray()); break;

            // Containers.
            case ')': Push(NewList("tuple")); break;
            case '\x85': PushTuple(1); break;
            case '\x86': PushTuple(2); break;
            case '\x87': PushTuple(3); break;
            case 't': Push(NewList("tuple", PopToMark())); break;
            case ']': Push(NewList("list")); break;
            case 'l': Push(NewList("list", PopToMark())); break;
            case 'a': AddItems([Pop()]); break;
            case 'e': AddItems(PopToMark()); break;
            case '}': Push(NewDictionary("dict")); break;
            case 'd': PushDictionary(PopToMark()); break;
            case 's': SetItem(); break;
            case 'u': SetItems(PopToMark()); break;
            case '\x8f': Push(NewList("set")); break;
            case '\x90': AddItems(PopToMark()); break;
            case '\x91': Push(NewList("frozenset", PopToMark())); break;

            // The memo.
            case 'q': Memoize(_reader.Byte()); break;
            case 'r': Memoize(_reader.UInt32()); break;
            case 'p': Memoize(TextIndex()); break;
            case '\x94': Memoize((uint)_memo.Count); break;
            case 'h': Push(Recall(_reader.Byte())); break;
            case 'j': Push(Recall(_reader.UInt32())); break;
            case 'g': Push(Recall(TextIndex())); break;

            // Names and what is made of them.
            case 'c': Push(Allowed(_reader.Line(), _reader.Line())); break;
            case '\x93': PushAllowed(); break;
            case 'R' or '\x81': PushCall(); break;
            case '\x92': PushCallWithKeywords(); break;
            case 'i': Push(Call(Allowed(_reader.Line(), _reader.Line()), PopToMark())); break;
            case 'o': PushInstance(PopToMark()); break;
            case 'b': Build(); break;
            case 'Q': Push(PersistentId(Pop())); break;

            // Framing.
            case '\x80': Protocol(_reader.Byte()); break;
            case '\x95': _reader.UInt64(); break;

            case 'P' or '\x82' or '\x83' or '\x84' or '\x97' or '\x98':
                throw Fault($"opcode 0x{(int)opcode:x2} is not used in checkpoints. Save the state dict with torch.save and its default protocol");
            default:
                throw Fault($"0x{(int)opcode:x2} is no opcode; the file is damaged. Copy it again");
        }
    }

    private readonly void Push(object? value) => _stack.Add(value);

    private readonly object? Peek()
    {
        if (_stack.Count <= Floor)
            throw Fault("a value is missing; the file is damaged");
        return _stack[^1];
    }

    private readonly object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    /// <summary>The height of the stack that values after the last mark start from.</summary>
    private readonly int Floor => _marks.Count > 0 ? _marks[^1] : 0;

    private readonly void PopOrMark()
    {
        if (_marks.Count > 0 && _marks[^1] == _stack.Count)
            _marks.RemoveAt(_marks.Count - 1);
        else
            Pop();
    }

    private readonly object?[] PopToMark()
    {
        if (_marks.Count == 0)
            throw Fault("a mark is missing; the file is damaged");
        int floor = Floor;
        object?[] values = CollectionsMarshal.AsSpan(_stack)[floor..].ToArray();
        _stack.RemoveRange(floor, values.Length);
        _marks.RemoveAt(_marks.Count - 1);
        return values;
    }

    /// <summary>Keeps the top of the stack. Picklers number the memo in order, so an index never exceeds the bytes read.</summary>
    private readonly void Memoize(uint index)
    {
        object? value = Peek();
        if (index > Position)
            throw Fault($"memo number {index} is out of order; the file is damaged");
        while (_memo.Count <= index)
            _memo.Add(s_unset);
        _memo[(int)index] = value;
    }

    private readonly object? Recall(uint index)
    {
        if (index >= _memo.Count || _memo[(int)index] == s_unset)
            throw Fault($"memo number {index} was never set; the file is damaged");
        return _memo[(int)index];
    }

    private object Long(uint length)
    {
        if (length > MaxLongBytes)
            throw Fault($"an integer of {length} bytes is larger than any in a checkpoint");
        return Narrow(new BigInteger(_reader.Bytes(length)));
    }

    private static object Narrow(BigInteger value) => value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;

    private readonly void Protocol(byte version)
    {
        if (version > 5)
            throw Fault($"pickle protocol {version} is unknown; 0 to 5 are read");
    }

    /// <summary>Counts memory that a pickle can ask for again and again at little cost to itself.</summary>
    private void ChargeCopy(long bytes)
    {
        _copied += bytes;
        if (_copied > (1 << 16) + (CopyAllowance * Position))
            throw Fault("the pickle copies the same data over and over, to overwhelm its reader");
    }

    private readonly CheckpointException Fault(string what) => _reader.Fault(what);
}
