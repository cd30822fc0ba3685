using PolaFormer.Distributed;
using PolaFormer.Distributed.Mpi;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Cli;

/// <summary>A command on every process that <c>mpirun</c> started.</summary>
internal static class MpiWorkers
{
    // An error that all workers have is printed by the first alone; one that another worker has alone, after this time.
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Before anything is printed: mpirun gives its processes a terminal of its own, and what makes one ready would stand before their
    /// text, in files too.
    /// </summary>
    public static void LeaveTerminalAsItIs()
    {
        if (MpiGroup.IsStarted)
            Environment.SetEnvironmentVariable("TERM", "dumb");
    }

    /// <summary>Runs a command; where one worker fails, all end.</summary>
    /// <param name="command">What each worker does.</param>
    /// <returns>The exit code.</returns>
    public static int Run(Func<WorkerGroup, int> command)
    {
        WorkerGroup workers = MpiGroup.Join();
        if (MpiGroup.IsStarted && workers.IsFirst && WhyThreadsWait(Workers.ThreadCount, Environment.ProcessorCount) is { } warning)
            Console.Error.WriteLine($"warning: {warning}");
        try
        {
            int code = command(workers);
            workers.Dispose();
            return code;
        }
        catch when (!MpiGroup.IsStarted)
        {
            throw;
        }
        catch (Exception error)
        {
            if (!workers.IsFirst)
                Thread.Sleep(s_pause);
            int code = UserErrors.Report(workers.IsFirst ? error : new WorkerException($"worker {workers.Rank} on {Environment.MachineName}: {UserErrors.Line(error)}", error));
            workers.Abort(UserErrors.IsUserError(error) ? 1 : code);
            return code;
        }
    }

    // mpirun binds each of two processes to one core, unless told otherwise; .NET counts the processors that it is bound to.
    private static string? WhyThreadsWait(int threads, int processors) => threads <= processors ? null
        : $"{threads} threads share {processors} processor{(processors == 1 ? "" : "s")}, to which mpirun bound this worker; mpirun --map-by slot:PE={threads} gives each worker {threads}.";
}
