namespace PolaFormer.Distributed;

/// <summary>Workers cannot work together: MPI is missing or failed, or their runs differ.</summary>
/// <param name="message">What is wrong, and what to do.</param>
/// <param name="inner">The cause.</param>
public sealed class WorkerException(string message, Exception? inner = null) : Exception(message, inner);
