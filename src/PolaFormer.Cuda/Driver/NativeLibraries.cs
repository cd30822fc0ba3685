using System.Reflection;
using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Driver;

/// <summary>Finds the native libraries by the file names under which versions of them are installed.</summary>
internal static class NativeLibraries
{
    /// <summary>For <see cref="NativeLibrary.SetDllImportResolver"/>.</summary>
    internal static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        string[] files = name switch
        {
            "cuda-driver" => DriverApi.FileNames,
            "cublasLt" => CublasLtApi.FileNames,
            "nccl" => NcclApi.FileNames,
            _ => [],
        };
        return TryLoad(files, out nint library) ? library : 0;
    }

    /// <summary>Whether one of the files is there.</summary>
    internal static bool TryLoad(string[] files, out nint library)
    {
        foreach (string file in files)
        {
            if (NativeLibrary.TryLoad(file, out library))
                return true;
        }

        library = 0;
        return false;
    }
}
