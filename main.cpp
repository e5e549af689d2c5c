// lanet-cuda: the program. One line for each command.
#include "bench/commands/commands.h"
#include "core/cpu_check.h"
#include "core/standard_streams.h"
#include "train/commands/command_line.h"

int main(int argc, char** argv) {
  lanet::prepare_standard_streams();
  lanet::check_compiled_cpu();
  lanet::CommandLine command_line;
  command_line.add_train(lanet::run_train);
  command_line.add_experiment(lanet::run_experiment);
  command_line.add_eval(lanet::run_eval);
  command_line.add_predict(lanet::run_predict);
  command_line.add_verify(lanet::run_verify);
  lanet::bench::add_kernels(command_line, lanet::bench::run_kernels);
  lanet::bench::add_step(command_line, lanet::bench::run_step);
  lanet::bench::add_roofline(command_line, lanet::bench::run_roofline);
  lanet::bench::add_scaling(command_line, lanet::bench::run_scaling);
  lanet::bench::add_compare(command_line, lanet::bench::run_compare);
  command_line.add_report(lanet::run_report_command);
  command_line.add_plot(lanet::run_plot);
  command_line.add_export(lanet::run_export);
  command_line.add_inspect(lanet::run_inspect);
  command_line.add_data(lanet::run_data);
  command_line.add_noise(lanet::run_noise);
  command_line.add_audit(lanet::run_audit);
  command_line.add_synth(lanet::run_synth);
  command_line.add_align(lanet::run_align);
  command_line.add_doctor(lanet::run_doctor);
  command_line.add_completion();
  return command_line.run(argc, argv);
}
