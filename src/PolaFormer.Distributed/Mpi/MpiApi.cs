using System.Runtime.InteropServices;

namespace PolaFormer.Distributed.Mpi;

/// <summary>Functions of Open MPI 4 and 5 (MPI 3.1), whose handles are addresses of exported symbols.</summary>
internal static unsafe partial class MpiApi
{
    /// <summary>Any thread may call, also several at a time.</summary>
    public const int ThreadMultiple = 3;

    public const int Success = 0;

    private const string Library = "libmpi.so.40";
    private const int ErrorTextBytes = 256;

    /// <summary>The library's exports; 0 where it is not installed.</summary>
    public static nint Load() => NativeLibrary.TryLoad(Library, typeof(MpiApi).Assembly, null, out nint handle) ? handle : 0;

    [LibraryImport(Library, EntryPoint = "MPI_Init_thread")]
    public static partial int InitThread(int* argumentCount, byte*** arguments, int required, out int provided);

    [LibraryImport(Library, EntryPoint = "MPI_Finalize")]
    public static partial int Finish();

    [LibraryImport(Library, EntryPoint = "MPI_Abort")]
    public static partial int Abort(nint communicator, int exitCode);

    [LibraryImport(Library, EntryPoint = "MPI_Comm_rank")]
    public static partial int Rank(nint communicator, out int rank);

    [LibraryImport(Library, EntryPoint = "MPI_Comm_size")]
    public static partial int Size(nint communicator, out int size);

    [LibraryImport(Library, EntryPoint = "MPI_Comm_set_errhandler")]
    public static partial int SetErrorHandler(nint communicator, nint handler);

    [LibraryImport(Library, EntryPoint = "MPI_Isend")]
    public static partial int StartSend(byte* bytes, int count, nint type, int to, int tag, nint communicator, out nint request);

    [LibraryImport(Library, EntryPoint = "MPI_Irecv")]
    public static partial int StartReceive(byte* bytes, int count, nint type, int from, int tag, nint communicator, out nint request);

    /// <summary>Moves messages on, and tells whether all of some are done; their requests are given back then.</summary>
    [LibraryImport(Library, EntryPoint = "MPI_Testall")]
    public static partial int AreDone(int count, nint* requests, out int isDone, nint statuses);

    /// <summary>Sleeps; the C library's, since threads of .NET sleep whole milliseconds.</summary>
    [LibraryImport("libc", EntryPoint = "usleep")]
    public static partial int Sleep(uint microseconds);

    /// <summary>What an error code means.</summary>
    public static string Describe(int code)
    {
        byte* text = stackalloc byte[ErrorTextBytes];
        return ErrorString(code, text, out int length) == Success ? Marshal.PtrToStringUTF8((nint)text, length) : $"error {code}";
    }

    [LibraryImport(Library, EntryPoint = "MPI_Error_string")]
    private static partial int ErrorString(int code, byte* text, out int length);
}
