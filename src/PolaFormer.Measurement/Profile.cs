using System.Diagnostics;
using System.Text.RegularExpressions;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;

namespace PolaFormer.Measurement;

/// <summary>Where the time of a step goes: every call of the device, in order, with the module that made it.</summary>
/// <param name="StepMs">Median time of the step under the profiler.</param>
/// <param name="GemmPeak">GFLOP/s that shares of the peak refer to.</param>
/// <param name="Calls">One entry a call.</param>
public sealed partial record Profile(double StepMs, double GemmPeak, IReadOnlyList<ProfileEntry> Calls)
{
    /// <summary>Measures a step call by call.</summary>
    /// <param name="prepare">Makes the step; runs on the profiling device, as does the step.</param>
    /// <param name="duration">How long to measure.</param>
    /// <param name="gemmPeak">GFLOP/s that shares of the peak refer to.</param>
    public static Profile Measure(Func<Action> prepare, TimeSpan duration, double gemmPeak)
    {
        var device = new ProfilingDevice(Device.Default, () => OperatorOrigins.CurrentModule);
        using IDisposable use = device.Use();
        using IDisposable origins = Tape.Observe(new OperatorOrigins());
        Action step = prepare();
        Sampling.WarmUp(step, duration);

        var runs = new List<DeviceCall[]>();
        var times = new List<double>();
        Sampling.Repeat(() =>
        {
            device.Clear();
            long start = Stopwatch.GetTimestamp();
            step();
            device.Synchronize();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            runs.Add([.. device.Calls]);
        }, duration);

        // Every run makes the same calls in the same order.
        ProfileEntry[] calls = [.. runs[0].Select((call, i) => new ProfileEntry(
            call.Caller, call.Operator, call.Result, 1, Sampling.Median(runs.Select(run => run[i].Time.TotalMilliseconds)), call.MultiplyAccumulates, call.Bytes))];
        return new Profile(Sampling.Median(times), gemmPeak, calls);
    }

    /// <summary>The calls by operator, longest first.</summary>
    public IEnumerable<ProfileEntry> ByOperator() =>
        from call in Calls
        group call by call.Operator into same
        let sum = ProfileEntry.Sum("", same.Key, [.. same])
        orderby sum.Ms descending
        select sum;

    /// <summary>The calls by layer in order of their first appearance, equal layers of a stage's blocks together: <c>block1.*.mlp.fc1</c>.</summary>
    public IEnumerable<ProfileEntry> ByLayer() =>
        from call in Calls
        group call by (Module: LastNumber().Replace(call.Module, "*"), call.Operator, call.Result) into same
        select ProfileEntry.Sum(same.Key.Module, same.Key.Operator, [.. same]);

    /// <summary>Time of the step outside calls of the device: shapes, scopes, allocation and the tape.</summary>
    public double OutsideCallsMs => StepMs - Calls.Sum(call => call.Ms);

    [GeneratedRegex(@"(?<=\.)\d+(?=(\.[^.\d][^.]*)*$)")]
    private static partial Regex LastNumber();
}
