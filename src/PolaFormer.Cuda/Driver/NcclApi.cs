using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Driver;

/// <summary>The functions of NCCL 2.7 and newer that are called (nccl.h), for messages between GPUs of several processes. The library is optional.</summary>
internal static unsafe partial class NcclApi
{
    /// <summary>ncclFloat32 of ncclDataType_t.</summary>
    internal const int Float32 = 7;

    /// <summary>ncclInProgress of ncclResult_t.</summary>
    internal const int InProgress = 7;

    /// <summary>NCCL_UNIQUE_ID_BYTES.</summary>
    internal const int IdBytes = 128;

    private const string Library = "nccl";

    static NcclApi() => DriverApi.Prepare();

    /// <summary>Names under which the library is installed.</summary>
    internal static string[] FileNames { get; } = ["libnccl.so.2"];

    [LibraryImport(Library)] internal static partial int ncclGetVersion(out int version);
    [LibraryImport(Library)] internal static partial int ncclGetUniqueId(UniqueId* id);
    [LibraryImport(Library)] internal static partial int ncclCommInitRank(out nint communicator, int size, UniqueId id, int rank);
    [LibraryImport(Library)] internal static partial int ncclCommAbort(nint communicator);
    [LibraryImport(Library)] internal static partial int ncclCommGetAsyncError(nint communicator, out int error);
    [LibraryImport(Library)] internal static partial int ncclGroupStart();
    [LibraryImport(Library)] internal static partial int ncclGroupEnd();
    [LibraryImport(Library)] internal static partial int ncclSend(nint values, nuint count, int type, int to, nint communicator, nint stream);
    [LibraryImport(Library)] internal static partial int ncclRecv(nint values, nuint count, int type, int from, nint communicator, nint stream);

    /// <summary>Throws what a result code other than success means.</summary>
    internal static void Check(int result, string action)
    {
        if (result != 0)
            throw new CudaException($"NCCL could not {action}: {Marshal.PtrToStringUTF8((nint)ncclGetErrorString(result))}. NCCL_DEBUG=INFO makes it tell more.");
    }

    [LibraryImport(Library)] private static partial byte* ncclGetErrorString(int result);

    /// <summary>What processes find each other by.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct UniqueId
    {
        public fixed byte Bytes[IdBytes];
    }
}
