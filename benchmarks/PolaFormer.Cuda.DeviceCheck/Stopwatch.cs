namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>Times work on a stream with events.</summary>
internal static class Stopwatch
{
    private const int Warm = 5, Repetitions = 25;

    /// <summary>Median milliseconds of a run, after some that are not counted.</summary>
    public static float Median(GpuStream stream, Action work)
    {
        for (int i = 0; i < Warm; i++)
            work();
        GpuEvent[] marks = [.. Enumerable.Range(0, 2 * Repetitions).Select(_ => new GpuEvent(stream.Gpu))];
        for (int i = 0; i < Repetitions; i++)
        {
            stream.Record(marks[2 * i]);
            work();
            stream.Record(marks[(2 * i) + 1]);
        }

        stream.Synchronize();
        float[] times = [.. Enumerable.Range(0, Repetitions).Select(i => marks[(2 * i) + 1].MillisecondsSince(marks[2 * i])).Order()];
        foreach (GpuEvent mark in marks)
            mark.Dispose();
        return times[Repetitions / 2];
    }
}
