using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace PolaFormer.Checkpoints.Pickle;

/// <summary>
/// A dictionary, or an object whose attributes are its entries, in the order of the file. Keys are mostly strings or
/// <see cref="long"/>, or <see cref="PickledNone"/>; values are null, bool, long, <see cref="System.Numerics.BigInteger"/>, double, string, byte[],
/// <see cref="PickledType"/>, <see cref="StoredTensor"/>, or a <see cref="PickledContainer"/>.
/// </summary>
public sealed class PickledDictionary : PickledContainer, IReadOnlyDictionary<object, object?>
{
    private static readonly OrderedDictionary<object, object?> s_empty = new();

    private OrderedDictionary<object, object?>? _entries;

    internal PickledDictionary(string typeName, bool isUnread = false) : base(typeName)
    {
        IsUnread = isUnread;
    }

    /// <summary>
    /// Whether this stands for an object of a class that means nothing here, none of whose code ran. Its entries are those of
    /// the object where it is a dictionary of its own kind, else its attributes; there may be none.
    /// </summary>
    public bool IsUnread { get; }

    private OrderedDictionary<object, object?> Entries => _entries ?? s_empty;

    /// <summary>Number of entries.</summary>
    public int Count => Entries.Count;

    /// <summary>The keys in order.</summary>
    public IEnumerable<object> Keys => Entries.Keys;

    /// <summary>The values in order.</summary>
    public IEnumerable<object?> Values => Entries.Values;

    /// <summary>The value of a key.</summary>
    /// <exception cref="KeyNotFoundException">There is no such key.</exception>
    public object? this[object key]
    {
        get => Entries[key];
        internal set => (_entries ??= new OrderedDictionary<object, object?>(KeyComparer.Instance))[key] = value;
    }

    internal override int ChildCount => 2 * Count;

    /// <inheritdoc/>
    public bool ContainsKey(object key) => Entries.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(object key, [MaybeNullWhen(false)] out object? value) => Entries.TryGetValue(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<object, object?>> GetEnumerator() => Entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal override void Replace(int index, object placeholder)
    {
        KeyValuePair<object, object?> entry = Entries.GetAt(index >> 1);
        if ((index & 1) == 0)
            Entries.SetAt(index >> 1, placeholder, entry.Value);
        else
            Entries.SetAt(index >> 1, placeholder);
    }

    internal override object? Child(int index)
    {
        KeyValuePair<object, object?> entry = Entries.GetAt(index >> 1);
        return (index & 1) == 0 ? entry.Key : entry.Value;
    }

    /// <summary>Spreads integers by a seeded hash, so that no file can make all its keys collide.</summary>
    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public static readonly KeyComparer Instance = new();

        public new bool Equals(object? x, object? y) => object.Equals(x, y);

        public int GetHashCode(object key) => key switch
        {
            long value => HashCode.Combine((int)value, (int)(value >> 32)),
            double value => HashCode.Combine((int)BitConverter.DoubleToInt64Bits(value), (int)(BitConverter.DoubleToInt64Bits(value) >> 32)),
            _ => key.GetHashCode(),
        };
    }
}
