using System.Collections;

namespace PolaFormer.Checkpoints.Pickle;

/// <summary>A list, tuple or set, or another object known by the arguments it was made from; values as in <see cref="PickledDictionary"/>.</summary>
public sealed class PickledList : PickledContainer, IReadOnlyList<object?>
{
    private object?[] _items;

    internal PickledList(string typeName, params object?[] items) : base(typeName)
    {
        _items = items;
        Count = items.Length;
    }

    /// <summary>Number of items.</summary>
    public int Count { get; private set; }

    /// <summary>The item at an index.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such item.</exception>
    public object? this[int index] => Items[index];

    internal ReadOnlySpan<object?> Items => _items.AsSpan(0, Count);

    internal override int ChildCount => Count;

    /// <inheritdoc/>
    public IEnumerator<object?> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
            yield return _items[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Add(object? item)
    {
        if (Count == _items.Length)
            Array.Resize(ref _items, Math.Max(4, 2 * Count));
        _items[Count++] = item;
    }

    internal override object? Child(int index) => _items[index];

    internal override void Replace(int index, object placeholder) => _items[index] = placeholder;
}
