using System.Text;

namespace PolaFormer.Checkpoints.Pickle;

/// <content>Containers, allowed names, and the values made by calling them.</content>
internal ref partial struct Unpickler
{
    private const int SlotBytes = 8, EntryBytes = 40;

    private PickledList NewList(string typeName, params object?[] items)
    {
        CountContainer();
        return new PickledList(typeName, items);
    }

    private PickledDictionary NewDictionary(string typeName)
    {
        CountContainer();
        return new PickledDictionary(typeName);
    }

    private void CountContainer()
    {
        if (++_containers > MaxContainers) throw Fault($"the pickle holds more than {MaxContainers} lists and dictionaries, far beyond a checkpoint");
    }

    private void PushTuple(int length)
    {
        var items = new object?[length];
        for (int i = length - 1; i >= 0; i--) items[i] = Pop();
        Push(NewList("tuple", items));
    }

    private void PushDictionary(object?[] items)
    {
        PickledDictionary dictionary = NewDictionary("dict");
        SetAll(dictionary, items);
        Push(dictionary);
    }

    private readonly void AddItems(string typeName, ReadOnlySpan<object?> items)
    {
        if (Peek() is not PickledList list || list.TypeName != typeName) throw Fault($"items are added to something that is no {typeName}; the file is damaged");
        foreach (object? item in items) list.Add(item);
    }

    private readonly void SetItem()
    {
        object? value = Pop(), key = Pop();
        SetItems([key, value]);
    }

    private readonly void SetItems(ReadOnlySpan<object?> items)
    {
        if (Peek() is not PickledDictionary dictionary) throw Fault("items are set in something that is no dictionary; the file is damaged");
        SetAll(dictionary, items);
    }

    private readonly void SetAll(PickledDictionary dictionary, ReadOnlySpan<object?> items)
    {
        if (items.Length % 2 != 0) throw Fault("a key has no value; the file is damaged");
        for (int i = 0; i < items.Length; i += 2)
            dictionary[items[i] ?? throw Fault("None is a key of a dictionary, which is not supported")] = items[i + 1];
    }

    private readonly PickledType Allowed(string module, string name) =>
        AllowedNames.Find(module, name) ?? throw Fault($"{module}.{name} {AllowedNames.Refusal(module, name).TrimEnd('.')}");

    private readonly void PushAllowed()
    {
        if (Pop() is not string name || Pop() is not string module) throw Fault("a name is no string; the file is damaged");
        Push(Allowed(module, name));
    }

    private void PushCall()
    {
        if (Pop() is not PickledList { TypeName: "tuple" } arguments) throw Fault("a call has no arguments; the file is damaged");
        if (Pop() is not PickledType type) throw Fault("something is called that is no allowed name");
        Push(Call(type, arguments.Items));
    }

    private object? Call(PickledType type, ReadOnlySpan<object?> arguments)
    {
        switch (type.Kind)
        {
            case AllowedKind.Dictionary:
                return CallDictionary(type, arguments);
            case AllowedKind.Attributes when arguments.IsEmpty:
                return NewDictionary(type.TypeName);
            case AllowedKind.Sequence when arguments.Length <= 1:
                if (!arguments.IsEmpty && arguments[0] is not PickledList) break;
                ReadOnlySpan<object?> items = arguments.IsEmpty ? [] : ((PickledList)arguments[0]!).Items;
                ChargeCopy(items.Length * SlotBytes);
                return NewList(type.TypeName, items.ToArray());
            case AllowedKind.Arguments:
                return NewList(type.TypeName, arguments.ToArray());
            case AllowedKind.RebuildTensor when arguments.Length >= 4 && arguments[0] is StorageReference storage
                && arguments[1] is long offset && arguments[2] is PickledList size && arguments[3] is PickledList strides:
                return Tensor(storage, offset, size.Items, strides.Items);
            case AllowedKind.RebuildParameter when arguments.Length >= 1 && arguments[0] is StoredTensor tensor:
                return tensor;
            case AllowedKind.NumpyDType when arguments.Length >= 1 && arguments[0] is string code:
                return new NumpyDType(code);
            case AllowedKind.NumpyScalar when arguments.Length == 2 && arguments[0] is NumpyDType dtype:
                return NumpyScalar(dtype, arguments[1]);
            case AllowedKind.Encode when arguments.Length is 1 or 2 && arguments[0] is string text:
                ChargeCopy(text.Length);
                return Latin1Bytes(text);
            case AllowedKind.Reconstruct when arguments.Length == 3 && arguments[0] is PickledType { Kind: AllowedKind.Dictionary or AllowedKind.Attributes } made:
                return NewDictionary(made.TypeName);
        }

        throw Fault($"{type.Name} is called in a way no checkpoint does; the file is damaged");
    }

    /// <summary>OrderedDict(), OrderedDict([(key, value), …]); the factory of a defaultdict is not kept.</summary>
    private PickledDictionary CallDictionary(PickledType type, ReadOnlySpan<object?> arguments)
    {
        PickledDictionary dictionary = NewDictionary(type.TypeName);
        if (arguments.IsEmpty || arguments is [PickledType or null]) return dictionary;
        switch (arguments)
        {
            case [PickledDictionary source]:
                CopyEntries(source, dictionary);
                return dictionary;
            case [PickledList pairs]:
                ChargeCopy(pairs.Count * EntryBytes);
                foreach (object? pair in pairs.Items)
                {
                    if (pair is not PickledList { Count: 2 } entry) break;
                    SetAll(dictionary, entry.Items);
                }
                return dictionary;
        }

        throw Fault($"{type.Name} is called in a way no checkpoint does; the file is damaged");
    }

    private void CopyEntries(PickledDictionary source, PickledDictionary destination)
    {
        ChargeCopy(source.Count * EntryBytes);
        foreach ((object key, object? value) in source) destination[key] = value;
    }

    /// <summary>
    /// Gives an object its state. Namespaces keep it as entries; the attributes of dictionaries (a CfgNode's flags, the
    /// version numbers of a state dict) and of tensors are nothing a reader needs.
    /// </summary>
    private void Build()
    {
        object? state = Pop();
        switch (Peek())
        {
            case PickledDictionary target when AllowedNames.IsNamespace(target.TypeName):
                if (state is not PickledDictionary attributes) break;
                if (attributes == target) throw Fault("an object is its own state; the file is damaged");
                CopyEntries(attributes, target);
                return;
            case PickledDictionary or StoredTensor:
                return;
            case PickledList list when list.TypeName.StartsWith("numpy.", StringComparison.Ordinal):
                list.Add(state);
                return;
            case NumpyDType dtype when state is PickledList { Count: >= 2 } fields && fields[1] is string order:
                dtype.BigEndian = order == ">";
                return;
        }

        throw Fault("an object is given a state it cannot have; the file is damaged");
    }

    /// <summary>The number, or the bytes of what is no number.</summary>
    private object NumpyScalar(NumpyDType dtype, object? data)
    {
        byte[]? bytes = data switch
        {
            byte[] raw => raw,
            string text => Latin1Bytes(text),
            _ => null,
        };
        if (bytes is null) throw Fault("a NumPy number has no bytes; only plain numbers are read");
        ChargeCopy(bytes.Length);
        return dtype.Read(bytes) ?? bytes;
    }

    private readonly byte[] Latin1Bytes(string text)
    {
        foreach (char c in text)
            if (c > 0xFF) throw Fault("bytes are written as characters beyond 255; the file is damaged");
        return Encoding.Latin1.GetBytes(text);
    }
}
