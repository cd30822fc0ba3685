using System.Text;

namespace PolaFormer.Checkpoints.Pickle;

/// <content>Containers, allowed names, and the values made by calling them.</content>
internal ref partial struct Unpickler
{
    private const int SlotBytes = 8, EntryBytes = 40, MaxNotRead = 100, MaxNameLength = 200;

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
        if (++_containers > MaxContainers)
            throw Fault($"the pickle holds more than {MaxContainers} lists and dictionaries, far beyond a checkpoint");
    }

    private void PushTuple(int length)
    {
        object?[] items = new object?[length];
        for (int i = length - 1; i >= 0; i--)
            items[i] = Pop();
        Push(NewList("tuple", items));
    }

    private void PushDictionary(object?[] items)
    {
        PickledDictionary dictionary = NewDictionary("dict");
        SetAll(dictionary, items);
        Push(dictionary);
    }

    // Sets, deques and lists of other classes take items as lists do; placeholders let them go.
    private readonly void AddItems(ReadOnlySpan<object?> items)
    {
        if (Peek() is PickledDictionary { IsUnread: true })
            return;
        if (Peek() is not PickledList { TypeName: not ("tuple" or "frozenset") } list)
            throw Fault("items are added to something that is no list; the file is damaged");
        foreach (object? item in items)
            list.Add(item);
    }

    private readonly void SetItem()
    {
        object? value = Pop(), key = Pop();
        SetItems([key, value]);
    }

    private readonly void SetItems(ReadOnlySpan<object?> items)
    {
        if (Peek() is not PickledDictionary dictionary)
            throw Fault("items are set in something that is no dictionary; the file is damaged");
        SetAll(dictionary, items);
    }

    private readonly void SetAll(PickledDictionary dictionary, ReadOnlySpan<object?> items)
    {
        if (items.Length % 2 != 0)
            throw Fault("a key has no value; the file is damaged");
        for (int i = 0; i < items.Length; i += 2)
            dictionary[items[i] ?? PickledNone.Instance] = items[i + 1];
    }

    private readonly PickledType Allowed(string module, string name)
    {
        if (AllowedNames.Find(module, name) is { } known)
            return known;
        if (AllowedNames.RunsCode(module, name))
            throw RunsCode($"{module}.{name}");
        return NotReadType($"{module}.{name}");
    }

    private readonly CheckpointException RunsCode(string name) =>
        Fault($"{name} is not allowed in a checkpoint: it runs code when the file is loaded. If you trust the file, load it in PyTorch and save the model's state_dict() by itself");

    private readonly PickledType NotReadType(string name)
    {
        string shown = CheckpointException.Clean(name.Length <= MaxNameLength ? name : name[..MaxNameLength] + "…");
        if (_notRead.Count < MaxNotRead && !_notRead.Contains(shown))
            _notRead.Add(shown);
        return new PickledType(shown, AllowedKind.Unread);
    }

    private PickledDictionary NewObject(string typeName)
    {
        CountContainer();
        return new PickledDictionary(typeName, isUnread: true);
    }

    private void PushAllowed()
    {
        if (Pop() is not string name || Pop() is not string module)
            throw Fault("a name is no string; the file is damaged");
        Push(Allowed(module, name));
    }

    private void PushCall()
    {
        if (Pop() is not PickledList { TypeName: "tuple" } arguments)
            throw Fault("a call has no arguments; the file is damaged");
        Push(CallValue(Pop(), arguments.Items));
    }

    private void PushCallWithKeywords()
    {
        if (Pop() is not PickledDictionary)
            throw Fault("a call has no arguments; the file is damaged");
        PushCall();
    }

    private void PushInstance(object?[] items)
    {
        if (items.Length == 0)
            throw Fault("an object has no class; the file is damaged");
        Push(CallValue(items[0], items.AsSpan(1)));
    }

    private object? CallValue(object? callee, ReadOnlySpan<object?> arguments) => callee switch
    {
        PickledType type => Call(type, arguments),
        PickledDictionary { IsUnread: true } placeholder => NewObject(placeholder.TypeName),
        _ => throw Fault("something is called that is no allowed name"),
    };

    private object? Call(PickledType type, ReadOnlySpan<object?> arguments)
    {
        switch (type.Kind)
        {
            case AllowedKind.Unread:
                return Filled(NewObject(type.Name), arguments);
            case AllowedKind.Dictionary:
                return Filled(NewDictionary(type.TypeName), arguments);
            case AllowedKind.Attributes:
                return NewDictionary(type.TypeName);
            case AllowedKind.Name:
                return NewObject(type.TypeName);
            case AllowedKind.Sequence when arguments.IsEmpty:
                return NewList(type.TypeName);
            case AllowedKind.Sequence when arguments[0] is PickledList items:
                ChargeCopy(items.Count * SlotBytes);
                return NewList(type.TypeName, items.Items.ToArray());
            case AllowedKind.Arguments:
                return NewList(type.TypeName, arguments.ToArray());
            case AllowedKind.RebuildTensor when arguments.Length >= 4 && arguments[0] is StorageReference storage
                && arguments[1] is long offset && arguments[2] is PickledList size && arguments[3] is PickledList strides:
                return Tensor(storage, offset, size.Items, strides.Items);
            case AllowedKind.RebuildTensor or AllowedKind.RebuildParameter when arguments.Length >= 1 && arguments[0] is PickledDictionary { IsUnread: true } unread:
                return NewObject(unread.TypeName);
            case AllowedKind.RebuildParameter when arguments.Length >= 1 && arguments[0] is StoredTensor tensor:
                return tensor;
            case AllowedKind.RebuildSubclass when arguments.Length >= 3 && arguments[0] is PickledType { Kind: AllowedKind.RebuildTensor } rebuild && arguments[2] is PickledList parts:
                return Call(rebuild, parts.Items);
            case AllowedKind.NumpyDType:
                return new NumpyDType(arguments.Length >= 1 && arguments[0] is string code ? code : "");
            case AllowedKind.NumpyScalar when arguments.Length == 2 && arguments[0] is NumpyDType dtype:
                return NumpyScalar(dtype, arguments[1]);
            case AllowedKind.Encode when arguments.Length is 1 or 2 && arguments[0] is string text:
                ChargeCopy(text.Length);
                return Latin1Bytes(text);
            case AllowedKind.Reconstruct when arguments.Length == 3 && arguments[0] is PickledType { Kind: AllowedKind.Dictionary or AllowedKind.Attributes or AllowedKind.Unread or AllowedKind.Name } made:
                return Call(made, arguments[2] is PickledDictionary ? arguments[2..] : []);
            case AllowedKind.NewObject when arguments.Length >= 1 && arguments[0] is PickledType { Kind: not AllowedKind.NewObject } made:
                return Call(made, arguments[1..]);
            case AllowedKind.Attribute when arguments.Length == 2 && arguments[0] is PickledType { Kind: AllowedKind.Unread } owner && arguments[1] is string member:
                return NotReadType($"{owner.Name}.{member}");
            case AllowedKind.Attribute:
                throw RunsCode(type.Name);
        }

        throw Fault($"{type.Name} is called in a way no checkpoint does; the file is damaged");
    }

    /// <summary>OrderedDict(), OrderedDict([(key, value), …]); the factory of a defaultdict is not kept, nor what else a class takes.</summary>
    private PickledDictionary Filled(PickledDictionary dictionary, ReadOnlySpan<object?> arguments)
    {
        switch (arguments)
        {
            case [PickledDictionary source]:
                CopyEntries(source, dictionary);
                break;
            case [PickledList pairs]:
                ChargeCopy(pairs.Count * EntryBytes);
                foreach (object? pair in pairs.Items)
                {
                    if (pair is not PickledList { Count: 2 } entry)
                        break;
                    SetAll(dictionary, entry.Items);
                }

                break;
        }

        return dictionary;
    }

    private void CopyEntries(PickledDictionary source, PickledDictionary destination)
    {
        ChargeCopy(source.Count * EntryBytes);
        foreach ((object key, object? value) in source)
            destination[key] = value;
    }

    /// <summary>
    /// Gives an object its state. Namespaces and placeholders keep it as entries, dictionaries of unknown classes their items
    /// alone; the attributes of others (a CfgNode's flags, the version numbers of a state dict) are nothing a reader needs.
    /// </summary>
    private void Build()
    {
        object? state = Pop();
        switch (Peek())
        {
            case PickledDictionary target when AllowedNames.IsNamespace(target.TypeName) || target is { IsUnread: true, Count: 0 }:
                // An object with slots has (attributes, slots) for its state.
                ReadOnlySpan<object?> parts = state is PickledList { TypeName: "tuple", Count: 2 } pair ? pair.Items : [state];
                foreach (object? part in parts)
                    if (part is PickledDictionary attributes && attributes != target)
                        CopyEntries(attributes, target);
                return;
            case PickledList list when list.TypeName.StartsWith("numpy.", StringComparison.Ordinal):
                list.Add(state);
                return;
            case NumpyDType dtype when state is PickledList { Count: >= 2 } fields && fields[1] is string order:
                dtype.BigEndian = order == ">";
                return;
            case null or bool or long or double or string or PickledType or StorageReference:
                throw Fault("an object is given a state it cannot have; the file is damaged");
        }
    }

    /// <summary>The number, the bytes of what is no number, or what an array of objects held.</summary>
    private object? NumpyScalar(NumpyDType dtype, object? data)
    {
        byte[]? bytes = data switch
        {
            byte[] raw => raw,
            string text => Latin1Bytes(text),
            _ => null,
        };
        if (bytes is null)
            return data;
        ChargeCopy(bytes.Length);
        return dtype.Read(bytes) ?? bytes;
    }

    private readonly byte[] Latin1Bytes(string text)
    {
        foreach (char c in text)
            if (c > 0xFF)
                throw Fault("bytes are written as characters beyond 255; the file is damaged");
        return Encoding.Latin1.GetBytes(text);
    }
}
