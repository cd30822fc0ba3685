using PolaFormer.Checkpoints.IO;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Pickle;

/// <content>Storages and the tensors on them.</content>
internal ref partial struct Unpickler
{
    /// <summary>('storage', type, key, location, element count[, view of another storage]).</summary>
    private object PersistentId(object? id)
    {
        if (_storages is null)
            throw Fault("it mentions tensors whose data is not in this file, as the data.pkl of an unpacked .pth archive does. Name the archive, or pack its folder again: zip -0 -r model.pth FOLDER");
        if (id is not PickledList { Count: 5 or 6 } parts || parts[0] is not "storage" || parts[1] is not PickledType type
            || parts[2] is not string key || parts[4] is not long count || count < 0)
            throw Fault("the mention of a tensor's data is damaged");

        // Data of a type that is not read still takes its place in the file.
        TensorStorage? storage = type.ElementSize > 0 ? _storages.Find(key, type.ElementSize, count) : null;
        if (storage is null || type.Element is not { } element)
            return NewObject(NotReadType(type.Name).Name);
        StorageReference whole = new(storage, element, 0, count);
        if (parts.Count == 5 || parts[5] is null)
            return whole;
        if (parts[5] is not PickledList { Count: 3 } view || view[1] is not long offset || view[2] is not long length
            || offset < 0 || length < 0 || offset > count || length > count - offset)
            throw Fault($"a view of storage {key} lies outside it; the file is damaged");
        return whole with { Offset = offset, Count = length };
    }

    private readonly StoredTensor Tensor(StorageReference storage, long offset, ReadOnlySpan<object?> size, ReadOnlySpan<object?> strideItems)
    {
        if (size.Length > Shape.MaxRank)
            throw Fault($"a tensor has {size.Length} dimensions; at most {Shape.MaxRank} are supported");
        if (size.Length != strideItems.Length || offset < 0)
            throw Fault("the size and the strides of a tensor do not match; the file is damaged");

        Span<int> extents = stackalloc int[size.Length];
        long[] strides = new long[size.Length];
        long count = 1;
        for (int i = 0; i < size.Length; i++)
        {
            if (size[i] is not long extent || strideItems[i] is not long stride || extent is < 0 or > int.MaxValue || stride is < 0 or > int.MaxValue)
                throw Fault("the size or a stride of a tensor is out of range; the file is damaged");
            (extents[i], strides[i]) = ((int)extent, stride);
            // Counting an extent of 0 as 1 bounds the partial products a reader may form, too.
            count = Math.BigMul(count, Math.Max(1, extent), out long low) == 0 && low >= 0 ? low : throw Fault("a tensor has more elements than can be counted");
        }

        Shape shape = new(extents);
        if (shape.Count > 0)
            CheckRange(storage, offset, extents, strides, count);
        return new StoredTensor(storage.Storage, storage.Element, shape, storage.Offset + offset, IsRowMajor(extents, strides) ? null : strides);
    }

    /// <summary>Every element lies in the storage, and repeated elements (stride 0) do not make a tensor larger than the file's own data.</summary>
    private readonly void CheckRange(StorageReference storage, long offset, ReadOnlySpan<int> extents, ReadOnlySpan<long> strides, long count)
    {
        // At most six products below 2^62, each kept apart from the sum by the comparison.
        long last = offset;
        for (int i = 0; i < extents.Length; i++)
        {
            if (last >= storage.Count)
                break;
            last = Math.BigMul(extents[i] - 1, (int)strides[i]) is var step && step < storage.Count - last ? last + step : long.MaxValue;
        }

        if (last >= storage.Count)
            throw Fault($"a tensor reaches beyond its storage of {storage.Count} elements; the file is damaged");
        if (count > Math.Max(MaxRepeated, storage.Count))
            throw Fault($"a tensor repeats the {storage.Count} elements of its storage to {count}. Save a contiguous copy");
    }

    private const long MaxRepeated = 1024;

    private static bool IsRowMajor(ReadOnlySpan<int> extents, ReadOnlySpan<long> strides)
    {
        long expected = 1;
        for (int i = extents.Length - 1; i >= 0; i--)
        {
            if (extents[i] != 1 && strides[i] != expected)
                return extents.Contains(0);
            expected *= extents[i];
        }

        return true;
    }
}
