using System.Collections.Frozen;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Pickle;

/// <summary>The names in checkpoints that mean something here, and those that no checkpoint may mention. None leads to code.</summary>
internal static class AllowedNames
{
    private static readonly FrozenDictionary<string, PickledType> s_names = All().ToFrozenDictionary(type => type.Name);

    private static readonly FrozenSet<string> s_codePackages = FrozenSet.ToFrozenSet(
    [
        "os", "posix", "nt", "sys", "subprocess", "commands", "popen2", "shutil", "pty", "socket", "ssl", "asyncio", "multiprocessing", "concurrent",
        "importlib", "imp", "zipimport", "pkgutil", "runpy", "code", "codeop", "pdb", "bdb", "timeit", "profile", "cProfile", "trace", "doctest",
        "webbrowser", "ctypes", "_ctypes", "cffi", "pip", "setuptools", "distutils", "pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal",
        "shelve", "tempfile", "io", "_io", "linecache", "http", "httplib", "urllib", "urllib2", "requests", "ftplib", "smtplib",
        "telnetlib", "xmlrpc", "sqlite3", "platform", "signal", "site", "venv", "ensurepip", "inspect", "gc", "py_compile", "compileall", "idlelib", "lib2to3",
    ]);

    private static readonly string[] s_codeModules =
        ["numpy.testing", "numpy.f2py", "numpy.distutils", "torch.hub", "torch.jit", "torch.package", "torch.fx", "torch.multiprocessing", "torch.utils.cpp_extension", "torch._dynamo", "torch._inductor"];

    private static readonly FrozenSet<string> s_codeNames = FrozenSet.ToFrozenSet(
        [
            "types.FunctionType", "types.LambdaType", "types.CodeType", "types.MethodType", "operator.attrgetter", "operator.methodcaller", "_operator.attrgetter", "_operator.methodcaller",
            "torch.load", "torch.serialization.load", "torch.serialization._load", "torch.storage._load_from_bytes", "torch.compile", "numpy.load", "numpy.fromfile", "numpy.memmap", "pandas.read_pickle", "pandas.eval",
        ]);

    /// <summary>The meaning of a name, or null where it has none here.</summary>
    public static PickledType? Find(string module, string name) => s_names.GetValueOrDefault($"{module}.{name}");

    /// <summary>Whether objects of a type keep their state as entries.</summary>
    public static bool IsNamespace(string typeName) => s_names.GetValueOrDefault(typeName)?.Kind == AllowedKind.Attributes;

    /// <summary>
    /// Whether a name stands for what runs code, reads files or unpickles when it is called: no ordinary checkpoint mentions it.
    /// Nothing here would call it; it is refused so that the user knows that the file is hostile. Built-in classes have capitals
    /// (exceptions), or are allowed.
    /// </summary>
    public static bool RunsCode(string module, string name)
    {
        int dot = module.IndexOf('.');
        string package = dot < 0 ? module : module[..dot];
        return package is "builtins" or "__builtin__"
            ? name.Contains('.') || name.Length == 0 || !char.IsAsciiLetterUpper(name[0])
            : s_codePackages.Contains(package) || s_codeNames.Contains($"{module}.{name}") || s_codeModules.Any(prefix => module == prefix || module.StartsWith(prefix + ".", StringComparison.Ordinal));
    }

    private static IEnumerable<PickledType> All()
    {
        yield return new("collections.OrderedDict", AllowedKind.Dictionary);
        yield return new("collections.Counter", AllowedKind.Dictionary);
        yield return new("collections.defaultdict", AllowedKind.Dictionary);
        yield return new("collections.deque", AllowedKind.Sequence);
        yield return new("yacs.config.CfgNode", AllowedKind.Dictionary);
        yield return new("argparse.Namespace", AllowedKind.Attributes);
        yield return new("types.SimpleNamespace", AllowedKind.Attributes);

        // Python 2 and pickles below protocol 3 call the module of built-in names __builtin__.
        foreach (string module in (string[])["builtins", "__builtin__"])
        {
            yield return new($"{module}.dict", AllowedKind.Dictionary);
            foreach (string name in (string[])["set", "frozenset", "list", "tuple"])
                yield return new($"{module}.{name}", AllowedKind.Sequence);
            foreach (string name in (string[])["bytes", "bytearray", "complex", "slice", "range", "xrange"])
                yield return new($"{module}.{name}", AllowedKind.Arguments);
            foreach (string name in (string[])["object", "bool", "int", "long", "float", "str", "unicode", "type", "NoneType"])
                yield return new($"{module}.{name}", AllowedKind.Name);
            yield return new($"{module}.getattr", AllowedKind.Attribute);
        }

        foreach (string name in (string[])["PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath"])
            yield return new($"pathlib.{name}", AllowedKind.Arguments);
        yield return new("_codecs.encode", AllowedKind.Encode);
        yield return new("copy_reg._reconstructor", AllowedKind.Reconstruct);
        yield return new("copyreg._reconstructor", AllowedKind.Reconstruct);
        yield return new("copy_reg.__newobj__", AllowedKind.NewObject);
        yield return new("copyreg.__newobj__", AllowedKind.NewObject);

        yield return new("torch._utils._rebuild_tensor", AllowedKind.RebuildTensor);
        yield return new("torch._utils._rebuild_tensor_v2", AllowedKind.RebuildTensor);
        yield return new("torch._utils._rebuild_parameter", AllowedKind.RebuildParameter);
        yield return new("torch._utils._rebuild_parameter_with_state", AllowedKind.RebuildParameter);
        yield return new("torch._tensor._rebuild_from_type_v2", AllowedKind.RebuildSubclass);
        yield return new("torch.Size", AllowedKind.Sequence);
        yield return new("torch.device", AllowedKind.Arguments);
        foreach (string name in (string[])["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"])
            yield return new($"torch.{name}", AllowedKind.Name);

        foreach ((string name, DType element) in ((string, DType)[])
                 [
                     ("Float", DType.Float32), ("Double", DType.Float64), ("Half", DType.Float16), ("BFloat16", DType.BFloat16),
                     ("Long", DType.Int64), ("Int", DType.Int32), ("Short", DType.Int16), ("Char", DType.Int8),
                     ("Byte", DType.UInt8), ("Bool", DType.Bool),
                 ])
            yield return new($"torch.{name}Storage", AllowedKind.Storage, element);

        // Of types that are not read, but that take their place among the storages of an old file.
        foreach ((string name, int size) in ((string, int)[])
                 [("ComplexHalf", 4), ("ComplexFloat", 8), ("ComplexDouble", 16), ("QInt8", 1), ("QUInt8", 1), ("QInt32", 4), ("QUInt4x2", 1), ("QUInt2x4", 1)])
            yield return new($"torch.{name}Storage", AllowedKind.Storage) { ElementSize = size };
        foreach (string name in (string[])["torch.UntypedStorage", "torch.storage.UntypedStorage"])
            yield return new(name, AllowedKind.Storage) { ElementSize = 1 };

        yield return new("numpy.dtype", AllowedKind.NumpyDType);
        foreach (string core in (string[])["core", "_core"])
        {
            yield return new($"numpy.{core}.multiarray.scalar", AllowedKind.NumpyScalar);
            yield return new($"numpy.{core}.multiarray._reconstruct", AllowedKind.Arguments);
        }
        yield return new("numpy.ndarray", AllowedKind.Name);
    }
}
