namespace PolaFormer.Checkpoints.Pickle;

/// <summary>What the unpickler does where a pickle calls an allowed name.</summary>
internal enum AllowedKind
{
    /// <summary>A name alone; calling it is an error.</summary>
    Name,

    /// <summary>Makes a dictionary from nothing or from pairs.</summary>
    Dictionary,

    /// <summary>Makes an object whose attributes are its entries.</summary>
    Attributes,

    /// <summary>Makes a list of the elements of its one argument.</summary>
    Sequence,

    /// <summary>Keeps its arguments.</summary>
    Arguments,

    /// <summary>The type of a storage, named in persistent ids.</summary>
    Storage,

    /// <summary>Makes a tensor from a storage, an offset, a size and strides.</summary>
    RebuildTensor,

    /// <summary>Takes the tensor out of a parameter.</summary>
    RebuildParameter,

    /// <summary>Makes a tensor of a class of its own: the function that rebuilds it, the class, the function's arguments.</summary>
    RebuildSubclass,

    /// <summary>Makes an element type of NumPy.</summary>
    NumpyDType,

    /// <summary>Makes a number from an element type and bytes.</summary>
    NumpyScalar,

    /// <summary>Makes bytes from a string, as protocols below 3 write them.</summary>
    Encode,

    /// <summary>Makes an empty object of a type, as protocols below 2 write it.</summary>
    Reconstruct,

    /// <summary>Calls its first argument with the others, as protocols below 2 write it.</summary>
    NewObject,

    /// <summary>Names a member of a class, as enumerations are written.</summary>
    Attribute,

    /// <summary>A class or function that means nothing here; calling it makes a placeholder for what it would return.</summary>
    Unread,
}
